// commy/platform/event_flag.hpp: something that a foreign event loop waits on.
#pragma once

#include <chrono>
#include <cstdint>

namespace commy::platform {

/// What an event loop waits on: a file descriptor that is readable while the
/// flag is set, or under Windows the handle of an event that is signalled.
using native_event = std::intptr_t;

/// A flag that stays set until it is cleared. Threads: any.
class event_flag {
public:
  /// Throws `std::system_error` when the system gives none.
  event_flag();
  event_flag(const event_flag&) = delete;
  event_flag& operator=(const event_flag&) = delete;
  ~event_flag();

  void set() noexcept;
  void clear() noexcept;
  /// Waits until it is set; false when `at_most` has passed before. Rounded up
  /// to what the system waits in (Linux: nanoseconds, Windows: milliseconds).
  [[nodiscard]] bool wait_for(std::chrono::nanoseconds at_most) noexcept;
  [[nodiscard]] native_event native() const noexcept { return native_; }

private:
  native_event native_;
};

}  // namespace commy::platform
