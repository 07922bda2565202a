#include "pulse/analyst/follower.hpp"
#include "pulse/analyst/observer.hpp"
#include "support/test_folder.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace pulse;
using namespace std::chrono_literals;
using Catch::Approx;

namespace {

constexpr std::uint64_t tenth = 100'000'000;

/// The sample of that number, one every tenth of a second.
pulse_point point(std::uint64_t number, double cpu_percent) {
  pulse_point made{};
  made.number = number;
  made.taken_ns = 1'000'000 * tenth + number * tenth;
  made.cpu_percent = cpu_percent;
  made.memory_total_bytes = 1000;
  made.memory_used_bytes = 250;
  return made;
}

}  // namespace

TEST_CASE("means are over a second, ten seconds and a minute") {
  recent_samples recent;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    // 10 % until the last 300 samples, 20 % until the last 10, then 40 %.
    recent.add(point(i, i < 1700 ? 10 : i < 1990 ? 20 : 40));
  }

  const auto cpu = recent.cpu_percent();
  CHECK(cpu.over_1s == Approx(40));
  CHECK(cpu.over_10s == Approx((90 * 20 + 10 * 40) / 100.0));
  CHECK(cpu.over_60s == Approx((300 * 10 + 290 * 20 + 10 * 40) / 600.0));
  CHECK(recent.memory_percent().over_1s == Approx(25));
}

TEST_CASE("means of fewer samples are over those there are") {
  recent_samples recent;
  CHECK(recent.cpu_percent().over_60s == 0);
  recent.add(point(1, 30));
  recent.add(point(2, 50));

  CHECK(recent.cpu_percent().over_1s == Approx(40));
  CHECK(recent.cpu_percent().over_60s == Approx(40));
}

TEST_CASE("samples from the future are forgotten when the clock is set back") {
  recent_samples recent;
  recent.add(point(900, 100));
  recent.add(point(10, 20));

  CHECK(recent.cpu_percent().over_60s == Approx(20));
}

TEST_CASE("a load above the limit raises one alarm, which ends well below it") {
  observer watch{50, {}};
  std::uint64_t n = 0;
  int raised = 0;
  int ended = 0;
  const auto feed = [&](double percent, int count) {
    for (int i = 0; i < count; ++i) {
      if (const auto change = watch.take(point(++n, percent))) {
        ++(change->raised != 0 ? raised : ended);
      }
    }
  };
  feed(40, 20);
  CHECK(raised == 0);
  feed(80, 20);
  CHECK(raised == 1);
  feed(47, 20);  // Below the limit, but not by a tenth.
  CHECK(ended == 0);
  feed(20, 20);
  CHECK(ended == 1);

  const auto& found = watch.found();
  CHECK(found.alarm_count == 1);
  CHECK(found.alarms[0].peak == Approx(80));
  CHECK(found.alarms[0].limit == 50);
  CHECK(found.alarms[0].until_ns > found.alarms[0].since_ns);
  CHECK(std::string_view{found.alarms[0].text}.starts_with("CPU was above 50"));
}

TEST_CASE("a single sample above the limit is no alarm") {
  observer watch{50, {}};
  for (std::uint64_t n = 1; n <= 20; ++n) {
    CHECK_FALSE(watch.take(point(n, n == 15 ? 100 : 10)));
  }
}

TEST_CASE("a mean of less than a second raises no alarm") {
  observer watch{50, {}};
  for (std::uint64_t n = 1; n <= 9; ++n) {
    CHECK_FALSE(watch.take(point(n, 100)));
  }
  CHECK(watch.take(point(10, 100)));
}

TEST_CASE("an observer goes on with the alarm of the one before it") {
  observer first{50, {}};
  for (std::uint64_t n = 1; n <= 15; ++n)
    first.take(point(n, 90));
  REQUIRE(first.found().alarm_count == 1);

  observer second{50, first.found()};
  for (std::uint64_t n = 1; n <= 15; ++n)
    second.recall(point(n, 90));
  CHECK_FALSE(second.take(point(16, 90)));
  for (std::uint64_t n = 17; n < 40; ++n)
    second.take(point(n, 0));

  CHECK(second.found().alarm_count == 1);
  CHECK(second.found().alarms[0].until_ns != 0);
}

TEST_CASE("the newest alarms are kept and all are counted") {
  observer watch{50, {}};
  std::uint64_t n = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 15; ++i)
      watch.take(point(++n, 100));
    for (int i = 0; i < 15; ++i)
      watch.take(point(++n, 0));
  }

  const auto& found = watch.found();
  CHECK(found.alarm_count == 20);
  for (std::size_t i = 1; i < alarms_kept; ++i) {
    CHECK(found.alarms[i].since_ns < found.alarms[i - 1].since_ns);
    CHECK(found.alarms[i].until_ns != 0);
  }
}

TEST_CASE("a follower sees each sample once while old ones leave") {
  const commy::test::test_folder folder;
  auto segment =
      commy::segment::create("pulse", commy::test::in_folder(folder)).value();
  auto history = segment.create<history_deque>(history_name).value();
  for (std::uint64_t n = 1; n <= 100; ++n) {
    history.push_back(point(n, 1)).value();
  }
  follower from_60{history, 60};

  CHECK(from_60.before(7).value().size() == 7);
  CHECK(from_60.before(7).value().back().number == 60);
  const auto first = from_60.next(10s).value();
  REQUIRE(first.size() == 40);
  CHECK(first.front().number == 61);

  for (std::uint64_t n = 101; n <= 300; ++n) {
    history.push_back(point(n, 1)).value();
    history.pop_front().value();
  }
  const auto second = from_60.next(10s).value();
  // It stayed behind further than the history reaches.
  REQUIRE(second.size() == 100);
  CHECK(second.front().number == 201);
  CHECK(from_60.next(1ms).value().empty());
}
