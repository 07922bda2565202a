// Actors in the host's own loop: on its thread, by its clock, beside workers.
#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <poll.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace actor_tests;
using commy::executor;
using commy::spawn_options;

namespace {

struct where {
  using reply = std::thread::id;
};
struct step {};
struct relay {
  using reply = std::thread::id;
};
struct remind {};

/// Says on which thread it runs.
class local : public commy::actor {
public:
  std::thread::id on(where) const { return std::this_thread::get_id(); }
  void on(step) { ++steps_; }
  int on(total) const { return steps_; }
  void on(remind) { (void)after(this, 1ms, step{}); }

private:
  int steps_ = 0;
};

/// Of the workers; asks a local one.
class remote : public commy::actor {
public:
  explicit remote(commy::address<where> other) : other_{other} {}
  commy::task<std::thread::id> on(relay) {
    auto answer = co_await ask(other_, where{}, deadline);
    co_return answer ? *answer : std::thread::id{};
  }

private:
  commy::address<where> other_;
};

spawn_options in_host(std::string_view name = {}) {
  return {.name = name, .where = executor::host};
}

/// Whether an event loop that waits for the handle would be woken now.
bool is_ready(commy::actor_system& system) {
  pollfd waiting{static_cast<int>(system.wake_handle()), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

}  // namespace

TEST_CASE("actors of the host run on the thread that polls, when it does") {
  commy::actor_system system{{.workers = 1}};
  auto a = system.spawn<local>(in_host("a"));
  a.tell(step{}).value();
  a.tell(step{}).value();
  CHECK(system.inspect().actors.front().handled == 0);

  CHECK(system.poll() == 1);
  CHECK(system.poll() == 0);

  CHECK(system.inspect().actors.front().handled == 2);
  CHECK(system.ask(a, where{}, deadline).value() == std::this_thread::get_id());
}

TEST_CASE("the wake handle is ready while an actor of the host is") {
  commy::actor_system system{{.workers = 1}};
  auto a = system.spawn<local>(in_host());
  (void)system.poll();
  CHECK_FALSE(is_ready(system));

  std::thread{[&] { a.tell(step{}).value(); }}.join();

  CHECK(is_ready(system));
  (void)system.poll();
  CHECK_FALSE(is_ready(system));
}

TEST_CASE("run_for handles what comes meanwhile, and then returns") {
  commy::actor_system system{{.workers = 1}};
  auto a = system.spawn<local>(in_host());
  std::atomic<bool> over{false};
  std::thread other{[&] {
    while (!over) {
      (void)a.tell(step{});
      std::this_thread::yield();
    }
  }};

  const auto begun = std::chrono::steady_clock::now();
  const auto turns = system.run_for(20ms);
  const auto took = std::chrono::steady_clock::now() - begun;
  over = true;
  other.join();

  CHECK(took >= 20ms);
  CHECK(turns > 0);
  CHECK(system.ask(a, total{}, deadline).value() > 0);
}

TEST_CASE("run goes on until it is told to end, also when told before") {
  commy::actor_system system{{.workers = 1}};
  system.end_run();
  system.run();

  auto a = system.spawn<local>(in_host());
  bool answered = false;
  std::thread other{[&] {
    // From another thread: answered by the one that runs.
    answered = system.ask(a, where{}, deadline).has_value();
    system.end_run();
  }};
  system.run();
  other.join();
  CHECK(answered);
}

TEST_CASE("workers and the host's loop ask each other") {
  commy::actor_system system{{.workers = 2}};
  auto a = system.spawn<local>(in_host());
  auto r = system.spawn<remote>("r", a);

  // This thread waits for r, which waits for a, which runs on this thread. Many
  // times: the answer may come before this thread sleeps, or behind that.
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(system.ask(r, relay{}, deadline).value() ==
            std::this_thread::get_id());
  }
}

TEST_CASE("timers ring in the host's loop") {
  commy::actor_system system{{.workers = 1}};
  auto a = system.spawn<local>(in_host());
  a.tell(remind{}).value();
  CHECK(eventually([&] {
    (void)system.run_for(1ms);
    return system.ask(a, total{}, deadline).value() == 1;
  }));
}

TEST_CASE("a system ends on the host's thread with what lies in its loop") {
  commy::actor_system system{{.workers = 1}};
  std::vector<commy::ref<local>> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(system.spawn<local>(in_host()));
    all.back().tell(step{}).value();
  }
  CHECK(system.stop(all.front()));
  CHECK(system.wait_stopped(all.front(), deadline));
  CHECK(system.shutdown(deadline).empty());
  CHECK(system.actor_count() == 0);
}

TEST_CASE("a system ends beside a thread that runs its loop") {
  commy::actor_system system{{.workers = 1}};
  auto a = system.spawn<local>(in_host());
  std::thread loop{[&] { system.run(); }};
  CHECK(system.ask(a, where{}, deadline).has_value());
  CHECK(system.shutdown(deadline).empty());
  system.end_run();
  loop.join();
}

TEST_CASE("a thread that runs the loop waits for one that asks in it") {
  commy::actor_system system{{.workers = 1}};
  const auto a = system.spawn<counter>(in_host());
  auto entered = std::make_shared<gate>();
  auto leave = std::make_shared<gate>();
  a.tell(hold{entered, leave}).value();
  // The ask runs the actor on its thread, and is held up in the handler.
  bool answered = false;
  std::thread asks{
      [&] { answered = system.ask(a, total{}, deadline).has_value(); }};
  REQUIRE(entered->wait());
  CHECK(system.poll() == 0);
  std::thread runs{[&] { system.run(); }};
  leave->open();
  asks.join();
  CHECK(answered);
  CHECK(system.ask(a, add{2}, deadline).value() == 2);
  system.end_run();
  runs.join();
}

TEST_CASE("many threads tell an actor of the host, none of it is lost") {
  commy::actor_system system{{.workers = 1}};
  auto a = system.spawn<local>(
      {.mailbox_messages = 100'000, .where = executor::host});
  constexpr int threads = 4;
  constexpr int each = 5000;
  constexpr int all_told = threads * each;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < each; ++i)
        a.tell(step{}).value();
    });
  }
  CHECK(eventually([&] {
    (void)system.run_for(1ms);
    return system.inspect().actors.front().handled >= all_told;
  }));
  for (auto& t : all)
    t.join();
  CHECK(system.ask(a, total{}, deadline).value() == all_told);
}
