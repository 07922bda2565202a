// The end of a system: in phases, with deadlines, and in the midst of spawns.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace actor_tests;
using commy::spawn_error;
using commy::test::runtime;

namespace {

using names = std::vector<std::string>;

/// Writes its name down when it is gone.
class signer : public commy::actor {
public:
  signer(names& book, std::string name)
      : book_{&book}, name_{std::move(name)} {}
  ~signer() { book_->push_back(name_); }

private:
  names* book_;
  std::string name_;
};

struct question {
  using reply = int;
};

/// Asks another one and has a long breath.
class client : public commy::actor {
public:
  explicit client(commy::address<question> bank) : bank_{bank} {}
  commy::task<> on(reset) { (void)co_await ask(bank_, question{}, 1h); }

private:
  commy::address<question> bank_;
};

const std::vector<commy::stop_phase> three{
    {"edge", 10s}, {"desk", 20s}, {"store", 30s}};

}  // namespace

TEST_CASE("phases stop one after the other, in each the newest actor first") {
  for (const bool stepped : {false, true}) {
    names book;
    commy::system_options options{.workers = 2, .stop_phases = three};
    if (stepped) options.stepped.emplace();
    commy::actor_system system{options};
    const auto spawn = [&](const std::string& name, std::string_view phase) {
      (void)system.spawn<signer>({.name = name, .stop_phase = phase}, book,
                                 name);
    };
    spawn("edge 1", "edge");
    spawn("store 1", "store");
    spawn("desk 1", "desk");
    spawn("last 1", "");
    spawn("edge 2", "edge");
    spawn("desk 2", "desk");

    CHECK(system.shutdown(deadline).empty());

    CHECK(book ==
          names{"edge 2", "edge 1", "desk 2", "desk 1", "last 1", "store 1"});
    CHECK(system.actor_count() == 0);
  }
}

TEST_CASE(
    "who is late in its phase is named with it, and the next one begins") {
  names book;
  commy::actor_system system{
      {.workers = 2, .stop_phases = {{"edge", 1ms}, {"store", 20s}}}};
  (void)system.spawn<signer>("store", book, "store");
  const auto stuck =
      system.spawn<counter>({.name = "stuck", .stop_phase = "edge"});
  (void)system.spawn<signer>({.name = "edge", .stop_phase = "edge"}, book,
                             "edge");
  occupied busy{stuck};
  REQUIRE(busy.is_busy());
  stuck.tell(reset{}).value();

  const auto late = system.shutdown(deadline);

  REQUIRE(late.size() == 1);
  CHECK(late[0].name == "stuck");
  CHECK(late[0].phase == "edge");
  CHECK(late[0].doing ==
        "ready, handling actor_tests::hold, 2 messages queued");
  CHECK(late[0].waits_for.empty());
  CHECK(book == names{"edge", "store"});
  busy.end();
  CHECK(system.wait_stopped(stuck, deadline));
  CHECK(system.dead_letter_count() == 1);  // At once, without the rest.
}

TEST_CASE("a late actor that waits says for whom and for how long") {
  runtime rt{{}, {.stop_phases = three}};
  auto bank = rt.probe<question>("bank");
  auto edge = rt.system().spawn<client>({.name = "edge", .stop_phase = "edge"},
                                        bank.address());
  rt.silence(bank.address());
  edge.tell(reset{}).value();
  rt.advance(10min);
  const auto seen = rt.system().inspect().actors;
  CHECK(seen[0].waits_for + seen[1].waits_for == "bank");
  CHECK(std::max(seen[0].waits_at_most, seen[1].waits_at_most) == 50min);

  const auto late = rt.system().shutdown(1h);

  // The edge has its ten seconds, then the bank its thirty.
  REQUIRE(late.size() == 2);
  CHECK(late[0].name == "edge");
  CHECK(late[0].phase == "edge");
  CHECK(late[0].waits_for == "bank");
  CHECK(late[0].waits_at_most == 50min - 10s);
  CHECK(late[0].doing.starts_with(
      "awaiting 'bank' for at most 2990000 ms, handling actor_tests::reset"));
  CHECK(late[1].name == "bank");
  CHECK(late[1].phase == "store");
  CHECK(rt.now() == 10min + 40s);
  rt.wake(bank.address());
  rt.settle();
  CHECK(rt.system().actor_count() == 0);
}

TEST_CASE("the whole deadline ends all phases that are left") {
  runtime rt{{}, {.stop_phases = three}};
  std::vector<commy::ref<counter>> all;
  for (const auto& p : three) {
    all.push_back(rt.system().spawn<counter>({.stop_phase = p.name}));
    rt.silence(all.back());
  }

  const auto late = rt.system().shutdown(15s);

  REQUIRE(late.size() == 3);
  CHECK(late[0].phase == "edge");
  CHECK(late[1].phase == "desk");
  CHECK(late[2].phase == "store");
  CHECK(rt.now() == 15s);  // Ten of the edge, five of the desk.
  for (const auto& a : all)
    rt.wake(a);
  rt.settle();
  CHECK(rt.system().actor_count() == 0);
}

TEST_CASE("a phase that does not exist refuses the spawn by its name") {
  commy::actor_system system{{.workers = 1, .stop_phases = three}};
  const auto refused =
      system.try_spawn<counter>({.name = "a", .stop_phase = "dsek"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == spawn_error::unknown_stop_phase);
  CHECK(refused.error().message() ==
        "dsek: system_options::stop_phases has no phase of this name");
  CHECK(system.actor_count() == 0);

  commy::actor_system without{{.workers = 1}};
  CHECK(without.try_spawn<counter>({.stop_phase = "edge"}).error() ==
        spawn_error::unknown_stop_phase);
}

TEST_CASE("phases that are none are refused with the reason") {
  const auto error_of = [](std::vector<commy::stop_phase> phases) {
    try {
      const commy::actor_system system{
          {.workers = 1, .stop_phases = std::move(phases)}};
    } catch (const std::invalid_argument& e) {
      return std::string{e.what()};
    }
    return std::string{};
  };
  CHECK(error_of({{"a", 1s}, {"b", 1s}, {"a", 1s}}) ==
        "system_options::stop_phases: two phases are called 'a'");
  CHECK(error_of({{"a", 0s}}) ==
        "system_options::stop_phases: the deadline of 'a' is not positive");
  CHECK(error_of({{"", 1s}}) ==
        "system_options::stop_phases: a phase needs a name");
  std::vector<commy::stop_phase> many;
  for (int i = 0; i < 33; ++i)
    many.push_back({std::to_string(i), 1s});
  CHECK(error_of(many) == "system_options::stop_phases: at most 32 phases");
  many.pop_back();
  CHECK(error_of(many).empty());
}

TEST_CASE("a shutdown in the midst of spawns leaves nobody behind") {
  class starter : public commy::actor {
  public:
    explicit starter(std::atomic<int>& alive) : alive_{&alive} { ++*alive_; }
    ~starter() { --*alive_; }

  private:
    std::atomic<int>* alive_;
  };
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> alive{0};
    std::atomic<int> started{0};
    commy::actor_system system{{.workers = 1}};
    std::vector<std::thread> threads;
    threads.reserve(3);
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (;;) {
          const auto made = system.try_spawn<starter>("", alive);
          if (made) {
            ++started;
          } else if (made.error() == spawn_error::stopping) {
            return;
          }
        }
      });
    }
    REQUIRE(eventually([&] { return started > 20; }));

    const auto late = system.shutdown(deadline);

    for (auto& t : threads)
      t.join();
    REQUIRE(late.empty());
    REQUIRE(alive == 0);
    REQUIRE(system.actor_count() == 0);
  }
}

TEST_CASE("an actor that is told to stop while it is made stops once it is") {
  struct slow : commy::actor {
    slow(gate& entered, gate& leave) {
      entered.open();
      (void)leave.wait();
    }
  };
  gate entered;
  gate leave;
  names late;
  commy::actor_system system{{.workers = 1}};
  bool stopped = false;
  std::thread maker{[&] {
    const auto made = system.try_spawn<slow>("slow", entered, leave);
    stopped = made && system.wait_stopped(*made, deadline);
  }};
  REQUIRE(entered.wait());

  for (const auto& l : system.shutdown(1ms))
    late.push_back(l.name + " " + l.doing);
  leave.open();
  maker.join();

  CHECK(late == names{"slow starting, 0 messages queued"});
  CHECK(stopped);
  CHECK(system.actor_count() == 0);
}
