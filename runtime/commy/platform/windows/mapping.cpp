#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/mapping.hpp>
#include <commy/platform/windows/handle.hpp>

#include <windows.h>

#include <utility>

namespace commy::platform {
namespace {

unexpected<file_error> map_failure(std::uint64_t capacity,
                                   std::string_view words) {
  return {file_error::io,
          detail::place("map " + std::to_string(capacity) + " bytes", words)};
}

}  // namespace

result<mapping, file_error> mapping::map(const file& source,
                                         std::uint64_t capacity, access mode) {
  if (capacity == 0) return map_failure(capacity, "nothing to map");
  const bool writable = mode == access::read_write;
  // A writable section sets the file to its size, which is the capacity from
  // now on: Windows maps nothing beyond a file's end. Sparse files pay nothing.
  const detail::unique_handle section{
      ::CreateFileMappingW(detail::to_handle(source.native()), nullptr,
                           writable ? PAGE_READWRITE : PAGE_READONLY,
                           static_cast<DWORD>(capacity >> 32U),
                           static_cast<DWORD>(capacity), nullptr)};
  if (!section) {
    return map_failure(capacity, detail::error_text(detail::last_error()));
  }
  void* const base =
      ::MapViewOfFile(section.get(), writable ? FILE_MAP_WRITE : FILE_MAP_READ,
                      0, 0, static_cast<SIZE_T>(capacity));
  if (base == nullptr) {
    return map_failure(capacity, detail::error_text(detail::last_error()));
  }
  mapping made;
  made.data_ = static_cast<std::byte*>(base);
  made.capacity_ = capacity;
  made.mode_ = mode;
  return made;
}

mapping::mapping(mapping&& other) noexcept
    : data_{std::exchange(other.data_, nullptr)},
      capacity_{std::exchange(other.capacity_, 0)},
      mode_{other.mode_} {}

mapping& mapping::operator=(mapping&& other) noexcept {
  mapping old{std::move(other)};
  std::swap(data_, old.data_);
  std::swap(capacity_, old.capacity_);
  std::swap(mode_, old.mode_);
  return *this;
}

mapping::~mapping() {
  if (data_ != nullptr) ::UnmapViewOfFile(data_);
}

void mapping::populate(std::uint64_t offset,
                       std::uint64_t size) const noexcept {
  WIN32_MEMORY_RANGE_ENTRY range{data_ + offset, static_cast<SIZE_T>(size)};
  ::PrefetchVirtualMemory(::GetCurrentProcess(), 1, &range, 0);
}

void mapping::flush(std::uint64_t bytes) const noexcept {
  ::FlushViewOfFile(data_, static_cast<SIZE_T>(bytes));
}

}  // namespace commy::platform
