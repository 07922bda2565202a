#include <commy/platform/tick_clock.hpp>

#include <chrono>

namespace commy::platform {

// Windows's clock of ticks counts from another moment than steady_clock does.
std::int64_t last_tick_ns() noexcept {
  return std::chrono::nanoseconds{
      std::chrono::steady_clock::now().time_since_epoch()}
      .count();
}

std::int64_t tick_ns() noexcept { return 1; }

}  // namespace commy::platform
