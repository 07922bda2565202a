// commy/platform/thread_times.hpp: what the scheduler has given a thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace commy::platform {

/// Of one thread, since it began.
struct thread_times {
  std::chrono::nanoseconds ran{0};
  /// Ready to run, while its core ran others.
  std::chrono::nanoseconds waited{0};
  /// Times that it was given a core.
  std::uint64_t slices = 0;
};

/// Of the calling thread; nothing where the system does not say (Windows, or no
/// /proc). Cost: three system calls, 4 us.
std::optional<thread_times> times_of_this_thread() noexcept;

}  // namespace commy::platform
