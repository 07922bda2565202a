// commy/platform/thread_end.hpp: something of a thread's own, until it ends.
#pragma once

#include <cstdint>

namespace commy::platform {

/// Whether thread_local objects are there until `ended` of a `thread_end` was
/// called. With MinGW-w64 they are gone by then, and one that is looked at
/// begins anew.
#ifdef _WIN32
inline constexpr bool thread_objects_last = false;
#else
inline constexpr bool thread_objects_last = true;
#endif

/// One pointer for each thread, handed to `ended` when its thread ends. Instead
/// of a thread_local object with a destructor: with mingw that runs when the
/// memory of thread_local objects is gone already. Not called for the main
/// thread where the system does not. Threads: any; make it once, and for ever.
class thread_end {
public:
  explicit thread_end(void (*ended)(void*)) noexcept;
  thread_end(const thread_end&) = delete;
  thread_end& operator=(const thread_end&) = delete;

  /// What this thread has set; null before, and where the system has no slot.
  [[nodiscard]] void* get() const noexcept;
  /// False when the system has no memory or no slot for it.
  [[nodiscard]] bool set(void* value) noexcept;

private:
  std::uint32_t slot_ = 0;
  bool good_ = false;
};

}  // namespace commy::platform
