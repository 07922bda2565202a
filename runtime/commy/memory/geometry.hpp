// commy/memory/geometry.hpp: the sizes a segment was created with.
#pragma once

#include <commy/base/units.hpp>

#include <cstdint>

namespace commy::memory {

/// Fixed at creation and stored in both headers. Tests shrink all of them, so
/// that a whole segment is small enough to be copied after each instruction.
struct geometry {
  std::uint64_t capacity = 1ULL << 30U;    // Address space for data, in bytes.
  std::uint32_t page_bytes = 64U << 10U;   // Also the size of a slab.
  std::uint32_t chunk_bytes = 64U << 20U;  // Carries its own page words.
  std::uint32_t grow_min_bytes = 1U << 20U;   // Smallest step of growth.
  std::uint32_t grow_max_bytes = 16U << 20U;  // Largest: bounds the pause.
  std::uint32_t participants = 1023;          // 12 bits minus "nobody".
  std::uint32_t lanes = 4095;                 // Likewise.
  std::uint32_t lane_step = 64;  // Lanes are added this many at once.
  std::uint32_t journal_bytes = 16U << 10U;  // Undo and redo log of a lane.
  std::uint32_t ring_cells =
      1024;  // Cells of a participant's inbox; power of 2.

  /// Pages in a chunk, the head included.
  [[nodiscard]] constexpr std::uint32_t chunk_pages() const noexcept {
    return chunk_bytes / page_bytes;
  }
  /// True if every size is a usable power of two or in range: what a header
  /// says is input. Bounds: 1 TiB of capacity is the design's limit; the
  /// chunk's head page must hold two words a page behind 1 KiB of header.
  [[nodiscard]] constexpr bool valid() const noexcept {
    const auto power = [](std::uint64_t n) {
      return n != 0 && (n & (n - 1)) == 0;
    };
    return power(page_bytes) && page_bytes >= 4096 && page_bytes <= 1U << 20U &&
           power(chunk_bytes) && chunk_bytes >= 4 * page_bytes &&
           chunk_bytes <= 1U << 30U &&
           1024 + 16ULL * chunk_pages() <= page_bytes &&
           capacity >= chunk_bytes && capacity <= 1_TiB &&
           capacity % chunk_bytes == 0 && grow_min_bytes >= page_bytes &&
           grow_min_bytes % page_bytes == 0 &&
           grow_max_bytes >= grow_min_bytes &&
           grow_max_bytes % page_bytes == 0 && participants >= 1 &&
           participants <= 1023 && lanes >= 1 && lanes <= 4095 &&
           lane_step >= 1 && lane_step <= 64 && journal_bytes >= 1024 &&
           journal_bytes <= 1U << 20U && journal_bytes % 64 == 0 &&
           power(ring_cells) && ring_cells >= 2 && ring_cells <= 1U << 16U;
  }
  friend constexpr bool operator==(const geometry&, const geometry&) = default;
};

}  // namespace commy::memory
