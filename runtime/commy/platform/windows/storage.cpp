#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/windows/handle.hpp>
#include <commy/platform/windows/storage.hpp>

#include <windows.h>
#include <winioctl.h>

#include <algorithm>
#include <vector>

namespace commy::platform::detail {
namespace {

result<void, file_error> write_zeros(file& to, std::uint64_t from,
                                     std::uint64_t end) {
  // A growth step has at most 16 MiB: few turns, and little memory for them.
  const std::vector<std::byte> zeros(
      static_cast<std::size_t>(std::min<std::uint64_t>(end - from, 1U << 20U)));
  while (from < end) {
    const auto size = std::min<std::uint64_t>(end - from, zeros.size());
    auto done = to.write_at(
        from, std::span{zeros}.first(static_cast<std::size_t>(size)));
    if (!done) return done;
    from += size;
  }
  return {};
}

}  // namespace

result<void, file_error> fill_holes(file& sparse, std::uint64_t bytes) {
  std::uint64_t checked = 0;
  // Each turn asks for the next stretch with storage, in ascending order.
  while (checked < bytes) {
    FILE_ALLOCATED_RANGE_BUFFER rest{};
    rest.FileOffset.QuadPart = static_cast<LONGLONG>(checked);
    rest.Length.QuadPart = static_cast<LONGLONG>(bytes - checked);
    FILE_ALLOCATED_RANGE_BUFFER next{};
    DWORD size = 0;
    // ERROR_MORE_DATA: there is more than the one we have room for.
    if (!::DeviceIoControl(to_handle(sparse.native()),
                           FSCTL_QUERY_ALLOCATED_RANGES, &rest, sizeof rest,
                           &next, sizeof next, &size, nullptr) &&
        ::GetLastError() != ERROR_MORE_DATA) {
      return {};  // Not sparse, or a file system that knows no holes.
    }
    auto hole_end = bytes;
    auto next_check = bytes;
    if (size >= sizeof next) {
      const auto start = static_cast<std::uint64_t>(next.FileOffset.QuadPart);
      const auto length = static_cast<std::uint64_t>(next.Length.QuadPart);
      hole_end = std::clamp(start, checked, bytes);
      next_check = std::clamp(start + length, hole_end, bytes);
    }
    if (auto filled = write_zeros(sparse, checked, hole_end); !filled) {
      return filled;
    }
    // A system that answers an empty stretch must not keep us here.
    if (next_check == checked) return {};
    checked = next_check;
  }
  return {};
}

}  // namespace commy::platform::detail
