// commy/memory/statistics.hpp: what a segment's bytes are used for.
#pragma once

#include <commy/memory/image.hpp>

#include <array>
#include <cstdint>

namespace commy {

/// Blocks of one size, over all slabs of that class.
struct class_statistics {
  std::uint32_t block_bytes = 0;
  std::uint64_t slabs = 0;
  std::uint64_t live_blocks = 0;   // Reached from objects.
  std::uint64_t owned_blocks = 0;  // Lent: loans and bare blocks.
  // In an open transaction, or kept by a lane for its next loan or bare block.
  std::uint64_t reserved_blocks = 0;
  std::uint64_t free_blocks = 0;
};

/// Loans of one size, too large for a slab: see loan_run.hpp.
struct large_statistics {
  std::uint64_t run_bytes = 0;
  std::uint64_t owned_runs = 0;  // Lent.
  std::uint64_t kept_runs = 0;   // Free, with their memory.
};

/// What a segment holds at the moment; beside writers at work a look at each
/// word in turn, not one instant.
struct segment_statistics {
  std::uint64_t capacity_bytes = 0;
  std::uint64_t committed_bytes = 0;
  std::uint64_t live_bytes = 0;   // In blocks and runs that are not free,
  std::uint64_t owned_bytes = 0;  // of these lent,
  // and reserved, also by free loans that keep their memory for the next.
  std::uint64_t reserved_bytes = 0;
  std::uint64_t live_blocks = 0;         // Blocks and runs that are not free.
  std::uint64_t free_block_bytes = 0;    // In slabs, free.
  std::uint64_t free_page_bytes = 0;     // In no slab and no run.
  std::uint64_t largest_free_bytes = 0;  // The longest run that could be taken.
  // Words, headers and padding of slabs, and the heads of chunks.
  std::uint64_t overhead_bytes = 0;
  std::array<class_statistics, memory::size_class_count> classes{};
  // Their descriptors count as overhead.
  std::array<large_statistics, memory::large_class_count> large{};

  /// How much of the free pages does not lie in one piece, 0 to 1.
  [[nodiscard]] double fragmentation() const noexcept {
    if (free_page_bytes == 0) return 0;
    return 1.0 - static_cast<double>(largest_free_bytes) /
                     static_cast<double>(free_page_bytes);
  }
};

namespace memory {

/// Cost: a look at every page word and every block word. Trusts nothing.
[[nodiscard]] segment_statistics count_bytes(const image& img) noexcept;

}  // namespace memory
}  // namespace commy
