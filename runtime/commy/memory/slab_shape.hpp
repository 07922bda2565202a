// commy/memory/slab_shape.hpp: block sizes, and where a slab's blocks lie.
#pragma once

#include <commy/memory/geometry.hpp>

#include <bit>
#include <cstdint>

namespace commy::memory {

/// Size classes: 16 to 128 in steps of 16, then four per doubling, so at most
/// 20 % of a block is waste. 8 + 4 * 7 classes reach 16 KiB.
inline constexpr std::uint32_t size_class_count = 36;

[[nodiscard]] constexpr std::uint32_t class_bytes(std::uint32_t cls) noexcept {
  if (cls < 8) return 16 * (cls + 1);
  const auto doubling = (cls - 8) / 4;
  const auto quarter = (cls - 8) % 4 + 1;
  return (128U << doubling) + (32U << doubling) * quarter;
}
static_assert(class_bytes(7) == 128 && class_bytes(8) == 160 &&
              class_bytes(11) == 256 && class_bytes(35) == 16384);

/// The smallest class that holds `bytes`, or `size_class_count` for none.
[[nodiscard]] constexpr std::uint32_t class_for(std::uint64_t bytes) noexcept {
  if (bytes <= 128) {
    return bytes == 0 ? 0 : static_cast<std::uint32_t>((bytes - 1) / 16);
  }
  if (bytes > class_bytes(size_class_count - 1)) return size_class_count;
  // 129..256 is doubling 0: quarters of 32 bytes above 128.
  const auto doubling =
      static_cast<std::uint32_t>(std::bit_width((bytes - 1) >> 8U));
  const auto quarter = (bytes - 1 - (128ULL << doubling)) >> (5U + doubling);
  return 8 + 4 * doubling + static_cast<std::uint32_t>(quarter);
}
static_assert(class_for(129) == 8 && class_for(160) == 8 &&
              class_for(161) == 9 && class_for(256) == 11 &&
              class_for(257) == 12 && class_for(16384) == 35 &&
              class_for(16385) == size_class_count);

/// What is larger than a slab's blocks may be lent as well: as a descriptor, a
/// block of this class, that names a run of pages; see loan_run.hpp. Such slabs
/// have classes of their own, one for each length of run: 1 to 4 pages, then
/// four per doubling. 4 + 4 * 13 classes reach 32,768 pages, and a chunk has at
/// most as many (1 MiB pages with two words each in the chunk's first one).
inline constexpr std::uint32_t large_class_count = 56;
inline constexpr std::uint32_t slab_class_count =
    size_class_count + large_class_count;
inline constexpr std::uint32_t descriptor_class = class_for(64);

[[nodiscard]] constexpr bool is_large(std::uint32_t cls) noexcept {
  return cls >= size_class_count;
}
/// Requires: `is_large(cls)`.
[[nodiscard]] constexpr std::uint32_t large_pages(
    std::uint32_t cls, const geometry& sizes) noexcept {
  const auto n = cls - size_class_count;
  // All but the head of a chunk.
  const auto most = sizes.chunk_pages() - 1;
  const auto pages =
      n < 4 ? n + 1
            : (4U << (n - 4) / 4) + ((n - 4) % 4 + 1) * (1U << (n - 4) / 4);
  return pages < most ? pages : most;
}
/// The smallest such class for `pages`, or `slab_class_count` for none.
[[nodiscard]] constexpr std::uint32_t large_class_for(
    std::uint64_t pages, const geometry& sizes) noexcept {
  if (pages == 0 || pages >= sizes.chunk_pages()) return slab_class_count;
  if (pages <= 4) {
    return size_class_count + static_cast<std::uint32_t>(pages) - 1;
  }
  const auto doubling =
      static_cast<std::uint32_t>(std::bit_width((pages - 1) >> 3U));
  const auto quarter = (pages - 1 - (4ULL << doubling)) >> doubling;
  return size_class_count + 4 + 4 * doubling +
         static_cast<std::uint32_t>(quarter);
}

/// Where the blocks of one slab lie, derived from its class alone:
/// header 64, words 8 n, padding to the blocks' alignment, n blocks.
struct slab_shape {
  std::uint32_t block_bytes = 0;
  std::uint32_t count = 0;
  std::uint32_t first = 0;  // From the slab's base to block 0.
  // ceil(2^40 / block_bytes), see number_of().
  std::uint64_t reciprocal = 0;

  /// Index of the block that holds byte `inside` of the blocks' area, without
  /// a division, which would cost as much as taking the block. Exact: with
  /// reciprocal = (2^40 + e) / size, e < size, the product is too large by
  /// inside * e / (2^40 size), below 1 / size as long as inside * size < 2^40;
  /// a page is below 2^20, a block below 2^15 bytes.
  [[nodiscard]] constexpr std::uint32_t number_of(
      std::uint32_t inside) const noexcept {
    return static_cast<std::uint32_t>(inside * reciprocal >> 40U);
  }

  [[nodiscard]] static constexpr slab_shape of(std::uint32_t cls,
                                               const geometry& sizes) noexcept {
    const auto size = class_bytes(cls);
    // A block is aligned as far as its size is, at most to 128 bytes, the size
    // of a hash group.
    const auto align = std::uint32_t{1}
                       << (std::countr_zero(size) < 7 ? std::countr_zero(size)
                                                      : 7);
    auto n = (sizes.page_bytes - 64) / (size + 8);
    while (n > 0 && align_up(64 + 8ULL * n, align) + std::uint64_t{n} * size >
                        sizes.page_bytes) {
      --n;
    }
    return {size, n, static_cast<std::uint32_t>(align_up(64 + 8ULL * n, align)),
            ((std::uint64_t{1} << 40U) + size - 1) / size};
  }
};

}  // namespace commy::memory
