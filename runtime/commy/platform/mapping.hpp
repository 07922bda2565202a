// commy/platform/mapping.hpp: a file's bytes in this process's address space.
#pragma once

#include <commy/platform/file.hpp>
#include <commy/platform/fork_callback.hpp>

namespace commy::platform {

/// Maps a file from its first byte, shared with all who map it, and reserves
/// address space for `capacity` bytes, so that growing the file
/// (`file::allocate`) needs no remap and pointers stay valid. Bytes beyond the
/// file's size must not be touched. The mapping is not inherited by a forked
/// child (there `data()` points to nothing) and not written into core dumps.
class mapping {
public:
  /// Fails with `io` (detail: the system's words) when the address space or
  /// the mapping is refused. `mode` must not exceed how `source` was opened.
  static result<mapping, file_error> map(const file& source,
                                         std::uint64_t capacity, access mode);

  mapping() noexcept = default;
  mapping(mapping&& other) noexcept;
  mapping& operator=(mapping&& other) noexcept;
  ~mapping();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }

  /// Makes the pages of [offset, offset + size) present now (a hint: reads
  /// ahead of the first touch; on Linux MADV_POPULATE_WRITE or _READ, else
  /// nothing). The range must lie in the file.
  void populate(std::uint64_t offset, std::uint64_t size) const noexcept;
  /// Hands what was written to the first `bytes` to the file, for `file::sync`.
  void flush(std::uint64_t bytes) const noexcept;

private:
  std::byte* data_ = nullptr;
  std::uint64_t capacity_ = 0;
  access mode_ = access::read_only;
  // Who made it: a forked child does not own these addresses.
  std::uint32_t generation_ = 0;
};

}  // namespace commy::platform
