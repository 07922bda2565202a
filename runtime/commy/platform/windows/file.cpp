#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/file.hpp>
#include <commy/platform/windows/handle.hpp>
#include <commy/platform/windows/private_security.hpp>
#include <commy/platform/windows/storage.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>
#include <winioctl.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace commy::platform {
namespace {

using detail::last_error;
using detail::place;
using detail::system_failure;
using detail::to_handle;
using detail::to_native;

constexpr auto largest_offset =
    static_cast<std::uint64_t>(std::numeric_limits<LONGLONG>::max());
// Others may read, write, rename and delete beside us, as on Linux.
constexpr DWORD share_all =
    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

bool range_fits(std::uint64_t offset, std::uint64_t bytes) noexcept {
  return offset <= largest_offset && bytes <= largest_offset - offset;
}

bool is_folder(const std::wstring& path) noexcept {
  const DWORD attributes = ::GetFileAttributesW(path.c_str());
  return attributes != INVALID_FILE_ATTRIBUTES &&
         (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

OVERLAPPED at(std::uint64_t offset) noexcept {
  OVERLAPPED where{};
  where.Offset = static_cast<DWORD>(offset);
  where.OffsetHigh = static_cast<DWORD>(offset >> 32U);
  return where;
}

DWORD piece(std::size_t bytes) noexcept {
  return static_cast<DWORD>(std::min<std::size_t>(bytes, 1U << 30U));
}

}  // namespace

result<file, file_error> file::open(const std::string& path, access mode) {
  const auto name = detail::wide(path);
  const DWORD rights =
      mode == access::read_only ? GENERIC_READ : GENERIC_READ | GENERIC_WRITE;
  const HANDLE handle = ::CreateFileW(
      name.c_str(), rights, share_all, nullptr, OPEN_EXISTING,
      FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    const int error = last_error();
    if (is_folder(name)) {
      return unexpected{file_error::not_regular, place(path, "is a folder")};
    }
    return system_failure(path, error);
  }
  file opened{to_native(handle)};
  BY_HANDLE_FILE_INFORMATION about{};
  const bool regular =
      ::GetFileType(handle) == FILE_TYPE_DISK &&
      ::GetFileInformationByHandle(handle, &about) &&
      (about.dwFileAttributes &
       (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) == 0;
  if (!regular) {
    return unexpected{file_error::not_regular, place(path, "no regular file")};
  }
  return opened;
}

result<file, file_error> file::create(const std::string& path) {
  detail::private_security rights;
  const HANDLE handle = ::CreateFileW(
      detail::wide(path).c_str(), GENERIC_READ | GENERIC_WRITE, share_all,
      rights.get(), CREATE_NEW, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    return system_failure(path, last_error());
  }
  // So that a mapping may set the file to its whole capacity at no cost. A file
  // system without sparse files takes the whole room instead.
  DWORD ignored = 0;
  ::DeviceIoControl(handle, FSCTL_SET_SPARSE, nullptr, 0, nullptr, 0, &ignored,
                    nullptr);
  return file{to_native(handle)};
}

result<file, file_error> file::create_anonymous(const std::string& label) {
  return unexpected{file_error::unsupported, label};
}

result<file, file_error> file::reopen(std::intptr_t native, access /*mode*/) {
  return unexpected{file_error::unsupported,
                    "handle " + std::to_string(native)};
}

file::file(file&& other) noexcept : native_{std::exchange(other.native_, -1)} {}

file& file::operator=(file&& other) noexcept {
  file old{std::exchange(native_, std::exchange(other.native_, -1))};
  return *this;
}

file::~file() {
  if (is_open()) ::CloseHandle(to_handle(native_));
}

bool file::is_open() const noexcept { return native_ != -1; }

result<std::uint64_t, file_error> file::size() const {
  LARGE_INTEGER bytes{};
  if (!::GetFileSizeEx(to_handle(native_), &bytes)) {
    return system_failure("size", last_error());
  }
  return static_cast<std::uint64_t>(bytes.QuadPart);
}

result<void, file_error> file::allocate(std::uint64_t bytes) {
  const auto before = size();
  if (!before) return unexpected{before.error()};
  if (!range_fits(0, bytes)) {
    return unexpected{file_error::no_space, "allocate: beyond any file's size"};
  }
  if (bytes > *before) {
    FILE_END_OF_FILE_INFO end{};
    end.EndOfFile.QuadPart = static_cast<LONGLONG>(bytes);
    if (!::SetFileInformationByHandle(to_handle(native_), FileEndOfFileInfo,
                                      &end, sizeof end)) {
      return system_failure("allocate", last_error());
    }
  }
  return detail::fill_holes(*this, bytes);
}

result<void, file_error> file::cut(std::uint64_t bytes) {
  const auto before = size();
  if (!before) return unexpected{before.error()};
  if (bytes >= *before) return {};
  FILE_END_OF_FILE_INFO end{};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(bytes);
  if (!::SetFileInformationByHandle(to_handle(native_), FileEndOfFileInfo, &end,
                                    sizeof end)) {
    return system_failure("cut", last_error());
  }
  return {};
}

result<void, file_error> file::read_at(std::uint64_t offset,
                                       std::span<std::byte> into) const {
  if (!range_fits(offset, into.size())) {
    return unexpected{file_error::io, "read: beyond any file's size"};
  }
  while (!into.empty()) {
    auto where = at(offset);
    DWORD got = 0;
    if (!::ReadFile(to_handle(native_), into.data(), piece(into.size()), &got,
                    &where) &&
        ::GetLastError() != ERROR_HANDLE_EOF) {
      return system_failure("read", last_error());
    }
    if (got == 0) {
      return unexpected{file_error::io, "read: the file ends before the range"};
    }
    into = into.subspan(got);
    offset += got;
  }
  return {};
}

result<void, file_error> file::write_at(std::uint64_t offset,
                                        std::span<const std::byte> from) {
  if (!range_fits(offset, from.size())) {
    return unexpected{file_error::io, "write: beyond any file's size"};
  }
  while (!from.empty()) {
    auto where = at(offset);
    DWORD put = 0;
    if (!::WriteFile(to_handle(native_), from.data(), piece(from.size()), &put,
                     &where)) {
      return system_failure("write", last_error());
    }
    from = from.subspan(put);
    offset += put;
  }
  return {};
}

result<void, file_error> file::sync() {
  if (!::FlushFileBuffers(to_handle(native_))) {
    return system_failure("sync", last_error());
  }
  return {};
}

result<void, file_error> file::forbid_shrinking() {
  return unexpected{file_error::unsupported, "seal"};
}

bool file::cannot_shrink() const noexcept { return false; }

}  // namespace commy::platform
