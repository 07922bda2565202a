// What can be seen of actors: times, traces, the tree.
#include "support.hpp"
#include <commy/actor/actor_trace.hpp>
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

using namespace actor_tests;
using commy::traced_actor;
using commy::test::runtime;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

namespace {

struct burn {
  std::chrono::milliseconds time;
};
struct question {
  using reply = int;
};

void burn_for(nanoseconds time) {
  const auto until = steady_clock::now() + time;
  while (steady_clock::now() < until)
    ;
}

class burner : public commy::actor {
public:
  void on(burn m) { burn_for(m.time); }
  void on(explode) {
    burn_for(2ms);
    fail("burnt");
  }
};

class client : public commy::actor {
public:
  explicit client(commy::address<question> bank) : bank_{bank} {}
  commy::task<> on(reset) { (void)co_await ask(bank_, question{}, 1h); }

private:
  commy::address<question> bank_;
};

/// Fails at its second making.
class brittle : public commy::actor {
public:
  explicit brittle(std::atomic<int>* makings) {
    if (++*makings == 2) throw std::runtime_error{"cracked"};
  }
  void on(explode) { fail("boom"); }
};

/// Writes down what it is told.
class diary : public commy::actor_trace {
public:
  void spawned(const traced_actor& a) noexcept override { write(a, "spawned"); }
  void handled(const traced_actor& a,
               const commy::traced_run& run) noexcept override {
    took_ += run.took;
    write(a, std::string{run.finished ? "handled " : "began "}.append(
                 run.message));
  }
  void failed(const traced_actor& a, std::string_view message,
              std::string_view reason) noexcept override {
    write(a,
          std::string{"failed "}.append(message).append(": ").append(reason));
  }
  void restarted(const traced_actor& a) noexcept override {
    write(a, "restarted");
  }
  void stopped(const traced_actor& a,
               std::span<const std::string> reasons) noexcept override {
    write(a, "stopped, " + std::to_string(reasons.size()) + " reasons");
  }
  void dead(const commy::dead_letter& letter) noexcept override {
    lines.push_back("dead " + std::string{letter.message} + " to " +
                    std::string{letter.receiver});
  }

  std::vector<std::string> lines;
  nanoseconds took_{0};

private:
  void write(const traced_actor& a, const std::string& what) {
    lines.push_back(std::string{a.name} + "/" + std::to_string(a.number) + " " +
                    what);
  }
};

commy::actor_info info_of(const commy::actor_system& system,
                          std::string_view name) {
  for (const auto& a : system.inspect().actors) {
    if (a.name == name) return a;
  }
  return {};
}

}  // namespace

TEST_CASE("the time in handlers is taken, also of those that throw") {
  runtime rt{{}, {.measure_handlers = true}};
  auto group = rt.system().supervise();
  const auto b = group.spawn<burner>("b");
  const auto begun = steady_clock::now();
  b.tell(burn{3ms}).value();
  b.tell(burn{7ms}).value();
  b.tell(explode{}).value();
  rt.advance(1s);
  const auto all = steady_clock::now() - begun;

  const auto info = info_of(rt.system(), "b");

  CHECK(info.handler_time >= 12ms);
  CHECK(info.handler_time <= all);
  CHECK(info.longest_handler >= 7ms);
  CHECK(info.longest_handler <= info.handler_time - 5ms);
  CHECK(info.handled == 2);
  CHECK(info.restarts == 1);

  const auto c = group.spawn<burner>("c");
  c.tell(explode{}).value();
  rt.settle();
  CHECK(info_of(rt.system(), "c").handler_time >= 2ms);
}

TEST_CASE("a handler's time is that of its own work, not of its waits") {
  runtime rt{{}, {.measure_handlers = true}};
  auto bank = rt.probe<question>("bank");
  const auto c = rt.spawn<client>("client", bank.address());
  rt.silence(bank.address());
  c.tell(reset{}).value();
  const auto begun = steady_clock::now();
  rt.settle();
  burn_for(50ms);
  rt.advance(1h);
  const auto all = steady_clock::now() - begun;

  const auto info = info_of(rt.system(), "client");

  CHECK(info.handled == 1);
  CHECK(info.handler_time > 0ns);
  CHECK(info.handler_time <= all - 50ms);
}

TEST_CASE("nobody's time is taken unless somebody wants it") {
  runtime rt;
  const auto b = rt.spawn<burner>("b");
  b.tell(burn{1ms}).value();
  rt.settle();
  CHECK(info_of(rt.system(), "b").handled == 1);
  CHECK(info_of(rt.system(), "b").handler_time == 0ns);
}

TEST_CASE("a trace tells the whole life of an actor, in order") {
  const auto trace = std::make_shared<diary>();
  {
    runtime rt{{}, {.trace = trace}};
    auto bank = rt.probe<question>("bank");
    rt.silence(bank.address());
    auto group = rt.system().supervise({.max_restarts = 2});
    std::atomic<int> makings{0};
    const auto a = group.spawn<brittle>("a", &makings);
    const auto c = rt.spawn<client>("", bank.address());
    a.tell(explode{}).value();
    rt.advance(1s);
    c.tell(reset{}).value();
    rt.advance(1h);
    c.tell(reset{}).value();
    rt.system().stop(c, commy::stop_mode::now);
    rt.settle();
    (void)rt.system().try_spawn<counter>("a");  // Nobody hears of it.
    a.tell(explode{}).value();
    a.tell(explode{}).value();
    a.tell(explode{}).value();
    rt.advance(1h);
  }
  const std::vector<std::string> life{
      "bank/1 spawned",
      "a/2 spawned",
      "#3/3 spawned",
      "a/2 failed actor_tests::explode: boom",
      "dead actor_tests::explode to a",
      "a/2 failed : actor 'a' failed in its constructor: cracked",
      "a/2 restarted",
      "#3/3 began actor_tests::reset",
      "#3/3 handled actor_tests::reset",
      "dead actor_tests::reset to #3",
      "#3/3 stopped, 0 reasons"};
  REQUIRE(trace->lines.size() > life.size());
  CHECK(std::vector(trace->lines.begin(),
                    trace->lines.begin() +
                        static_cast<std::ptrdiff_t>(life.size())) == life);
  // Three more failures, of which the third is one too many.
  CHECK(std::ranges::count(trace->lines,
                           "a/2 failed actor_tests::explode: boom") == 4);
  CHECK(std::ranges::count(trace->lines, "a/2 restarted") == 3);
  CHECK(std::ranges::count(trace->lines, "a/2 stopped, 2 reasons") == 1);
  CHECK(std::ranges::none_of(
      trace->lines, [](const auto& l) { return l.starts_with("a/4"); }));
  CHECK(trace->lines.back().starts_with("bank/1 stopped"));
}

TEST_CASE("a trace hears of each message on many threads once") {
  class tally : public commy::actor_trace {
  public:
    void handled(const traced_actor&,
                 const commy::traced_run& run) noexcept override {
      ++(run.message == "actor_tests::add" ? adds : others);
      if (run.took.count() < 0) ++others;
    }
    void stopped(const traced_actor&,
                 std::span<const std::string>) noexcept override {
      ++ends;
    }
    std::atomic<int> adds{0};
    std::atomic<int> others{0};
    std::atomic<int> ends{0};
  };
  constexpr int actors = 8;
  constexpr int each = 500;
  const auto trace = std::make_shared<tally>();
  {
    commy::actor_system system{
        {.workers = 3, .measure_handlers = true, .trace = trace}};
    std::vector<commy::ref<counter>> all;
    all.reserve(actors);
    for (int i = 0; i < actors; ++i)
      all.push_back(system.spawn<counter>(""));
    for (int i = 0; i < each; ++i) {
      for (const auto& a : all)
        a.tell(add{1}).value();
      (void)system.inspect();  // Reads while they write.
    }
    CHECK(system.shutdown(deadline).empty());
  }
  CHECK(trace->adds == actors * each);
  CHECK(trace->others == 0);
  CHECK(trace->ends == actors);
}

TEST_CASE("an inspection shows supervisors, and who is beneath whom") {
  runtime rt;
  auto shop = rt.system().supervise(
      {.name = "shop", .how = commy::strategy::rest_for_one});
  auto tills = shop.supervise({.name = "tills", .max_restarts = 0});
  auto gone = std::make_unique<commy::supervisor>(
      rt.system().supervise({.name = "gone"}));
  const auto store = shop.spawn<counter>("store");
  const auto desk = tills.spawn<counter>("desk");
  (void)rt.spawn<counter>("free");
  gone.reset();
  store.tell(explode{}).value();
  rt.advance(1s);

  auto seen = rt.system().inspect();

  REQUIRE(seen.supervisors.size() == 2);
  CHECK(seen.supervisors[0].name == "shop");
  CHECK(seen.supervisors[0].how == commy::strategy::rest_for_one);
  CHECK_FALSE(seen.supervisors[0].parent);
  CHECK(seen.supervisors[0].restarts == 1);
  CHECK(seen.supervisors[1].name == "tills");
  CHECK(seen.supervisors[1].parent == 0);
  CHECK(info_of(rt.system(), "store").parent == 0);
  CHECK(info_of(rt.system(), "desk").parent == 1);
  CHECK_FALSE(info_of(rt.system(), "free").parent);

  for (int i = 0; i < 2; ++i) {
    desk.tell(explode{}).value();
    rt.advance(1s);
  }
  CHECK_FALSE(rt.system().inspect().supervisors.at(1).gave_up);
  desk.tell(explode{}).value();
  rt.advance(1s);
  CHECK(rt.system().inspect().supervisors.at(1).gave_up);
  CHECK(rt.system().inspect().supervisors[0].gave_up);
}

TEST_CASE("a snapshot is described as a tree that people can read") {
  commy::system_snapshot s;
  s.supervisors = {
      {.name = "shop", .how = commy::strategy::rest_for_one, .restarts = 12},
      {.name = "tills", .parent = 0, .gave_up = true}};
  s.actors = {{.name = "logger",
               .type = "app::logger",
               .state = "ready",
               .handling = "app::line",
               .queued = 3,
               .handled = 12345,
               .number = 4},
              {.name = "desk",
               .type = "app::till",
               .state = "awaiting",
               .handling = "app::pay",
               .queued = 1,
               .handled = 9,
               .restarts = 2,
               .number = 3,
               .parent = 1,
               .handler_time = 1'234'567ns,
               .longest_handler = 870ns,
               .waits_for = "store",
               .waits_at_most = 49'960us},
              {.name = "store",
               .type = "app::stock",
               .state = "ready",
               .number = 2,
               .parent = 0},
              {.name = "#1",
               .type = "app::root",
               .state = "ready",
               .number = 1,
               .parent = 99}};

  CHECK("\n" + describe(s) == R"(
name      type                       state                         handling   queued  handled  restarts    time  longest
shop      supervisor (rest_for_one)                                                                  12
  tills   supervisor (one_for_one)   gave up                                                          0
    desk  app::till                  awaiting 'store' for 50.0 ms  app::pay        1        9         2  1.2 ms   870 ns
  store   app::stock                 ready                                         0        0         0
#1        app::root                  ready                                         0        0         0
logger    app::logger                ready                         app::line       3    12345         0
)");
  CHECK(describe(commy::system_snapshot{}) == "no actors\n");
}
