#include <commy/platform/tick_clock.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using commy::platform::last_tick_ns;
using commy::platform::tick_ns;

TEST_CASE("the tick clock follows the steady clock and is never ahead of it") {
  const auto steady = [] {
    return std::chrono::nanoseconds{
        std::chrono::steady_clock::now().time_since_epoch()}
        .count();
  };
  // A machine that is busy may tick late, but not by so much.
  constexpr std::int64_t longest_lag_ns = 1'000'000'000;
  REQUIRE(tick_ns() > 0);
  CHECK(tick_ns() <= 20'000'000);
  const auto first = last_tick_ns();
  const auto until = steady() + 20 * longest_lag_ns;
  auto tick = first;
  while (tick == first && steady() < until) {
    const auto before = steady();
    tick = last_tick_ns();
    CHECK(tick <= steady());
    CHECK(before - tick < longest_lag_ns);
  }
  CHECK(tick > first);
}
