#include <commy/platform/tick_clock.hpp>

#include <ctime>

namespace commy::platform {
namespace {

std::int64_t in_ns(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

// libstdc++'s steady_clock is CLOCK_MONOTONIC, of which this is the coarse one.
std::int64_t last_tick_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return in_ns(now);
}

std::int64_t tick_ns() noexcept {
  timespec tick{};
  ::clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
  return in_ns(tick);
}

}  // namespace commy::platform
