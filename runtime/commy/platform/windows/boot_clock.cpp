#include <commy/platform/boot_clock.hpp>

#include <windows.h>

namespace commy::platform {

std::uint64_t boot_clock_ns() noexcept {
  // Milliseconds; includes sleep, and exists in every supported Windows.
  return ::GetTickCount64() * 1'000'000U;
}

}  // namespace commy::platform
