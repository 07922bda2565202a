#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>

#include <array>

namespace commy::platform::detail {

namespace {
// ERROR_DISK_QUOTA_EXCEEDED, which mingw's headers lack.
constexpr int disk_quota_exceeded = 1295;
}  // namespace

int last_error() noexcept { return static_cast<int>(::GetLastError()); }

file_error classify(int error) noexcept {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_BAD_NETPATH:
      return file_error::not_found;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
    case ERROR_DIR_NOT_EMPTY:
      return file_error::exists;
    case ERROR_ACCESS_DENIED:
    case ERROR_WRITE_PROTECT:
    case ERROR_SHARING_VIOLATION:
    case ERROR_PRIVILEGE_NOT_HELD:
      return file_error::no_permission;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
    case disk_quota_exceeded:
    case ERROR_FILE_TOO_LARGE:
      return file_error::no_space;
    case ERROR_DIRECTORY:
      return file_error::not_regular;
    case ERROR_FILENAME_EXCED_RANGE:
    case ERROR_BUFFER_OVERFLOW:
      return file_error::name_too_long;
    default:
      return file_error::io;
  }
}

std::string error_text(int error) {
  std::array<wchar_t, 512> words;
  auto size = ::FormatMessageW(
      FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
      static_cast<DWORD>(error), 0, words.data(),
      static_cast<DWORD>(words.size()), nullptr);
  // Windows ends its sentences with a full stop and a new line.
  while (size > 0 && (words[size - 1] <= L' ' || words[size - 1] == L'.')) {
    --size;
  }
  if (size == 0) return "Windows error " + std::to_string(error);
  return narrow({words.data(), size});
}

}  // namespace commy::platform::detail
