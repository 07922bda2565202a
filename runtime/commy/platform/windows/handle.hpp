// commy/platform/windows/handle.hpp: a HANDLE and its owner.
#pragma once

#include <windows.h>

#include <cstdint>
#include <utility>

namespace commy::platform::detail {

inline HANDLE to_handle(std::intptr_t native) noexcept {
  return reinterpret_cast<HANDLE>(native);
}
inline std::intptr_t to_native(HANDLE handle) noexcept {
  return reinterpret_cast<std::intptr_t>(handle);
}

/// Closes its handle at the end. Both ways in which Windows says "none" are
/// none here.
class unique_handle {
public:
  unique_handle() noexcept = default;
  explicit unique_handle(HANDLE handle) noexcept
      : handle_{handle == INVALID_HANDLE_VALUE ? nullptr : handle} {}
  unique_handle(unique_handle&& other) noexcept
      : handle_{std::exchange(other.handle_, nullptr)} {}
  unique_handle& operator=(unique_handle&& other) noexcept {
    const unique_handle old{
        std::exchange(handle_, std::exchange(other.handle_, nullptr))};
    return *this;
  }
  ~unique_handle() {
    if (handle_ != nullptr) ::CloseHandle(handle_);
  }

  [[nodiscard]] HANDLE get() const noexcept { return handle_; }
  [[nodiscard]] HANDLE release() noexcept {
    return std::exchange(handle_, nullptr);
  }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

private:
  HANDLE handle_ = nullptr;
};

}  // namespace commy::platform::detail
