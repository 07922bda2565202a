#include <commy/platform/event_flag.hpp>

#include <windows.h>

#include <algorithm>
#include <system_error>

namespace commy::platform {
namespace {

HANDLE handle_of(native_event native) noexcept {
  return reinterpret_cast<HANDLE>(native);
}

}  // namespace

event_flag::event_flag()
    : native_{reinterpret_cast<native_event>(
          ::CreateEventW(nullptr, TRUE, FALSE, nullptr))} {
  if (native_ == 0) {
    throw std::system_error{static_cast<int>(::GetLastError()),
                            std::system_category(), "CreateEvent"};
  }
}

event_flag::~event_flag() { ::CloseHandle(handle_of(native_)); }

void event_flag::set() noexcept { ::SetEvent(handle_of(native_)); }

void event_flag::clear() noexcept { ::ResetEvent(handle_of(native_)); }

bool event_flag::wait_for(std::chrono::nanoseconds at_most) noexcept {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  // INFINITE is the largest number; 49 days are enough for one wait.
  const auto wait = static_cast<DWORD>(
      std::clamp<long long>(ms, 0, static_cast<long long>(INFINITE) - 1));
  return ::WaitForSingleObject(handle_of(native_), wait) == WAIT_OBJECT_0;
}

}  // namespace commy::platform
