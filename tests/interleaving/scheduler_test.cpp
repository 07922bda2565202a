// The scheduler itself: it finds what is wrong, and does the same again.
#include "support.hpp"
#include <commy/base/interleaving.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <mutex>
#include <set>

using namespace interleaving_tests;

namespace {

/// Two workers, two actors, two foreign threads, an answer: all that draws.
void busy_scenario() {
  tally t;
  t.wanted = 4;
  commy::actor_system system{{.workers = 2}};
  const auto one = system.spawn<sink>("one", t);
  const auto two = system.spawn<sink>("two", t);
  crew tellers;
  tellers.add("a", [&] { tell_notes(one, 2, t); });
  tellers.add("b", [&] { tell_notes(two, 2, t); });
  expect(system.ask(one, question{}, for_ever).has_value(), "no answer");
  t.done.wait();
}

/// A flag and a sleeper, with the wake-up where it is asked for.
void sleep_and_wake(bool look_under_lock) {
  commy::blocking::mutex mutex;
  commy::blocking::condition_variable changed;
  std::atomic<bool> set{false};
  crew others;
  others.add("waker", [&] {
    COMMY_POINT("set");
    set = true;
    const std::lock_guard guard{mutex};
    changed.notify_one();
  });
  if (look_under_lock) {
    std::unique_lock guard{mutex};
    changed.wait(guard, [&] { return set.load(); });
  } else if (!set) {
    std::unique_lock guard{mutex};
    changed.wait(guard);
  }
}

/// The first seed whose run goes wrong, with what is said about it.
run_result first_failure(const std::function<void()>& scenario) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    auto result = run({.seed = seed}, scenario);
    if (!result.problem.empty()) return result;
  }
  return {};
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a run replays from its seed, whatever ran before") {
  const auto first = run({.seed = 7}, busy_scenario);
  for (std::uint64_t seed = 100; seed < 120; ++seed)
    (void)run({.seed = seed}, busy_scenario);
  const auto again = run({.seed = 7}, busy_scenario);

  REQUIRE(first.problem.empty());
  CHECK(first.steps == again.steps);
  CHECK(first.hash == again.hash);
  CHECK(first.trace == again.trace);
}

TEST_CASE("different seeds run differently") {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    hashes.insert(run({.seed = seed}, busy_scenario).hash);

  CHECK(hashes.size() == 50);
}

TEST_CASE("a wake-up that is lost is reported with who waits where") {
  const auto found = first_failure([] { sleep_and_wake(false); });

  INFO(found.problem);
  CHECK(contains(found.problem, "no thread can go on"));
  CHECK(contains(found.problem, "waits at condition"));
  CHECK(contains(found.problem, "1 waker has ended"));
  CHECK(contains(found.problem, "set"));
  CHECK(contains(found.problem, "Seed "));
}

TEST_CASE("a wake-up that is not lost is no problem") {
  CHECK(first_failure([] { sleep_and_wake(true); }).problem.empty());
}

TEST_CASE("two locks in two orders are a deadlock") {
  const auto found = first_failure([] {
    commy::blocking::mutex one;
    commy::blocking::mutex two;
    crew others;
    others.add("other", [&] {
      const std::lock_guard first{two};
      const std::lock_guard second{one};
    });
    const std::lock_guard first{one};
    const std::lock_guard second{two};
  });

  INFO(found.problem);
  CHECK(contains(found.problem, "waits at lock"));
}

TEST_CASE("what a scenario expects and does not hold is its problem") {
  const auto result =
      run({.seed = 1}, [] { expect(1 + 1 == 3, "sums are wrong"); });

  CHECK(contains(result.problem, "sums are wrong"));
}

TEST_CASE("a run that never ends is given up") {
  const auto result = run({.seed = 1}, [] {
    for (;;)
      COMMY_POINT("round");
  });

  CHECK(contains(result.problem, "it does not come to an end"));
}

TEST_CASE("a standard mutex that is held across a point is reported") {
  const auto hold_across_points = [] {
    std::mutex unknown;
    const auto work = [&] {
      const std::lock_guard guard{unknown};
      COMMY_POINT("held");
    };
    crew others;
    others.add("other", work);
    work();
  };
  run_result found;
  for (std::uint64_t seed = 1; found.problem.empty() && seed <= 100; ++seed)
    found = run({.seed = seed, .longest_step = 200ms}, hold_across_points);

  INFO(found.problem);
  CHECK(contains(found.problem, "waits by something"));
  CHECK(contains(found.problem, "can go on from held"));
}

TEST_CASE("time stands still unless a run says otherwise") {
  const auto wait = [] {
    commy::blocking::mutex mutex;
    commy::blocking::condition_variable never;
    std::unique_lock guard{mutex};
    expect(!never.wait_for(guard, 5ms, [] { return false; }), "it was met");
  };

  CHECK(!run({.seed = 1}, wait).problem.empty());
  CHECK(run({.seed = 1, .time_passes = true}, wait).problem.empty());
}
