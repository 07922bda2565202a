#include <commy/platform/boot_clock.hpp>

#include <ctime>

namespace commy::platform {

std::uint64_t boot_clock_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace commy::platform
