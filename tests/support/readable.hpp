// tests/support/readable.hpp: what an event loop would see.
#pragma once

#include <commy/platform/event_flag.hpp>

#ifdef _WIN32
#include <windows.h>
#else
#include <poll.h>
#endif

namespace commy::test {

/// Whether an event is set, or is within so many milliseconds: as poll says of
/// a descriptor, and under Windows a wait for its handle.
[[nodiscard]] inline bool is_readable(platform::native_event event,
                                      int within_ms) {
#ifdef _WIN32
  return ::WaitForSingleObject(reinterpret_cast<HANDLE>(event),
                               static_cast<DWORD>(within_ms)) == WAIT_OBJECT_0;
#else
  pollfd one{static_cast<int>(event), POLLIN, 0};
  return ::poll(&one, 1, within_ms) == 1;
#endif
}

}  // namespace commy::test
