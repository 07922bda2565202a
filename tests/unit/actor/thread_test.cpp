// The system's threads: hooks, names, cores.
#include "support.hpp"
#include <commy/platform/thread_hint.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace actor_tests;
using Catch::Matchers::ContainsSubstring;
using commy::thread_info;
using commy::thread_kind;

namespace {

struct where {
  using reply = std::thread::id;
};

struct cores {
  using reply = std::vector<unsigned>;
};

class local : public commy::actor {
public:
  std::thread::id on(where) { return std::this_thread::get_id(); }
  std::vector<unsigned> on(cores) { return commy::platform::allowed_cores(); }
};

struct spawn_one {
  using reply = commy::ref<local>;
};

/// Writes down which threads begin and end.
class roll {
public:
  commy::system_options options(unsigned workers) {
    return {.workers = workers,
            .on_thread_start = [this](const thread_info& t) { begin(t); },
            .on_thread_end = [this](const thread_info& t) { end(t); }};
  }
  void begin(const thread_info& t) {
    const std::lock_guard hold{mutex_};
    ids_[t.name] = std::this_thread::get_id();
    kinds_[t.name] = {t.kind, t.index};
    present_.insert(t.name);
  }
  void end(const thread_info& t) {
    const std::lock_guard hold{mutex_};
    if (ids_[t.name] == std::this_thread::get_id()) present_.erase(t.name);
  }
  [[nodiscard]] std::set<std::string> present() {
    const std::lock_guard hold{mutex_};
    return present_;
  }
  [[nodiscard]] std::thread::id id_of(const std::string& name) {
    const std::lock_guard hold{mutex_};
    return ids_.at(name);
  }
  [[nodiscard]] std::pair<thread_kind, unsigned> kind_of(
      const std::string& name) {
    const std::lock_guard hold{mutex_};
    return kinds_.at(name);
  }

private:
  std::mutex mutex_;
  std::map<std::string, std::thread::id> ids_;
  std::map<std::string, std::pair<thread_kind, unsigned>> kinds_;
  std::set<std::string> present_;
};

}  // namespace

TEST_CASE("each thread of a system calls the hooks, with its name and kind") {
  roll r;
  {
    commy::actor_system system{r.options(2)};
    CHECK(r.present() == std::set<std::string>{"commy-worker-0",
                                               "commy-worker-1",
                                               "commy-alarms"});
    const auto worker = system.spawn<local>("w");
    const auto p0 =
        system.spawn<local>({.name = "p0", .where = commy::executor::pinned});
    const auto p1 =
        system.spawn<local>({.name = "p1", .where = commy::executor::pinned});

    CHECK(system.ask(p0, where{}, deadline).value() ==
          r.id_of("commy-pinned-0"));
    CHECK(system.ask(p1, where{}, deadline).value() ==
          r.id_of("commy-pinned-1"));
    const auto at = system.ask(worker, where{}, deadline).value();
    CHECK((at == r.id_of("commy-worker-0") || at == r.id_of("commy-worker-1")));
    CHECK(r.kind_of("commy-worker-1") == std::pair{thread_kind::worker, 1U});
    CHECK(r.kind_of("commy-pinned-1") == std::pair{thread_kind::pinned, 1U});
    CHECK(r.kind_of("commy-alarms") == std::pair{thread_kind::clock, 0U});
  }
  CHECK(r.present().empty());
}

TEST_CASE("threads are named as the host wants") {
  roll r;
  auto options = r.options(1);
  options.thread_prefix = "shop";

  const commy::actor_system system{options};

  CHECK(r.present() == std::set<std::string>{"shop-worker-0", "shop-alarms"});
}

TEST_CASE(
    "a hook that throws at the start ends the constructor, and is named") {
  roll r;
  auto options = r.options(3);
  std::string refused;
  options.on_thread_start = [&](const thread_info& t) {
    if (t.name == refused) throw std::runtime_error{"no more seats"};
    r.begin(t);
  };
  for (const auto* const name : {"commy-worker-2", "commy-alarms"}) {
    refused = name;
    CHECK_THROWS_WITH(
        commy::actor_system{options},
        "on_thread_start failed on thread '" + refused + "': no more seats");
    CHECK(r.present().empty());  // Those that had begun have ended.
  }
}

TEST_CASE("a hook that throws refuses the pinned actor, and nobody else") {
  roll r;
  auto options = r.options(1);
  options.on_thread_start = [&](const thread_info& t) {
    if (t.kind == thread_kind::pinned) throw 42;
    r.begin(t);
  };
  commy::actor_system system{options};

  const auto refused = system.try_spawn<counter>(
      {.name = "deep", .where = commy::executor::pinned});

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == commy::spawn_error::thread_failed);
  CHECK(refused.error().message() ==
        "on_thread_start failed on thread 'commy-pinned-0': an exception that "
        "is no std::exception: the actor's own thread cannot be started");
  CHECK(system.actor_count() == 0);
  const auto sums = system.spawn<counter>("deep");
  CHECK(system.ask(sums, add{1}, deadline).value() == 1);
}

TEST_CASE("what a hook throws at a thread's end harms nobody") {
  std::atomic<int> ended{0};
  {
    const commy::actor_system system{
        {.workers = 2, .on_thread_end = [&](const thread_info&) {
           ++ended;
           throw std::runtime_error{"late"};
         }}};
  }
  CHECK(ended == 3);
}

TEST_CASE("workers run on the cores that were listed, one each in turn") {
  const auto usable = commy::platform::allowed_cores();
  REQUIRE_FALSE(usable.empty());
  std::mutex mutex;
  std::map<std::string, std::vector<unsigned>> cores;
  commy::system_options options{
      .workers = 3, .on_thread_start = [&](const thread_info& t) {
        const std::lock_guard hold{mutex};
        cores[t.name] = commy::platform::allowed_cores();
      }};
  options.cores = {usable.back(), usable.front()};
  {
    commy::actor_system system{options};
    (void)system.spawn<counter>({.where = commy::executor::pinned});
  }
  CHECK(cores["commy-worker-0"] == std::vector{usable.back()});
  CHECK(cores["commy-worker-1"] == std::vector{usable.front()});
  CHECK(cores["commy-worker-2"] == std::vector{usable.back()});
  CHECK(cores["commy-pinned-0"] == usable);
  CHECK(cores["commy-alarms"] == usable);
}

TEST_CASE("with cores and no number of workers there is one for each") {
  roll r;
  auto options = r.options(0);
  const auto core = commy::platform::allowed_cores().front();
  options.cores = {core, core, core, core, core};

  const commy::actor_system system{options};

  CHECK(r.present().size() == 6);
}

TEST_CASE("a core that may not be used is named, with those that may") {
  const auto first = std::to_string(commy::platform::allowed_cores().front());
  CHECK_THROWS_WITH(
      (commy::actor_system{{.workers = 1, .cores = {7777}}}),
      ContainsSubstring("this process may not use core 7777; usable are " +
                        first));
  CHECK_THROWS_AS((commy::actor_system{{.workers = 1, .cores = {7777}}}),
                  std::invalid_argument);
}

TEST_CASE("a pinned actor that a worker has spawned may use all cores") {
  struct spawner : commy::actor {
    explicit spawner(commy::actor_system& system) : system_{&system} {}
    commy::ref<local> on(spawn_one) {
      return system_->spawn<local>(
          commy::spawn_options{.where = commy::executor::pinned});
    }
    commy::actor_system* system_;
  };
  const auto all = commy::platform::allowed_cores();
  commy::actor_system system{{.workers = 1, .cores = {all.front()}}};
  const auto s = system.spawn<spawner>("", system);
  const auto pinned = system.ask(s, spawn_one{}, deadline).value();
  CHECK(system.ask(pinned, cores{}, deadline).value() == all);
}
