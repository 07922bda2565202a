#include <commy/platform/thread_times.hpp>

namespace commy::platform {

// Windows counts how long a thread ran, and not how long it waited to.
std::optional<thread_times> times_of_this_thread() noexcept {
  return std::nullopt;
}

}  // namespace commy::platform
