// commy/memory/loan_handle.hpp: names a loan block in every process.
#pragma once

#include <commy/memory/image.hpp>

#include <cstdint>

namespace commy {

/// Names one block of one segment in one span of its life: {segment 32,
/// offset 48, generation 48}. A number, not a right: it can be copied, sent and
/// stored; the block's word says who may use the block. A handle whose block
/// has moved on is refused as stale for ever, since generations only grow.
/// All zero names nothing.
struct loan_handle {
  // Each half carries a half of the segment's number, so that both are made and
  // compared by one step each; see memory/bare_block.hpp.
  std::uint64_t low = 0;   // Offset 48, segment's low 16 bits.
  std::uint64_t high = 0;  // Generation 48, segment's high 16 bits.

  /// The segment's part of `low` and of `high`.
  [[nodiscard]] static constexpr std::uint64_t low_mark(
      std::uint32_t segment) noexcept {
    return static_cast<std::uint64_t>(segment) << 48U;
  }
  [[nodiscard]] static constexpr std::uint64_t high_mark(
      std::uint32_t segment) noexcept {
    return static_cast<std::uint64_t>(segment >> 16U) << 48U;
  }
  [[nodiscard]] static constexpr loan_handle make(
      std::uint32_t segment, memory::offset block,
      std::uint64_t generation) noexcept {
    return {(block & memory::offset_mask) | low_mark(segment),
            (generation & memory::offset_mask) | high_mark(segment)};
  }
  [[nodiscard]] constexpr memory::offset block() const noexcept {
    return low & memory::offset_mask;
  }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
    return high & memory::offset_mask;
  }
  [[nodiscard]] constexpr std::uint32_t segment() const noexcept {
    return static_cast<std::uint32_t>(low >> 48U | high >> 48U << 16U);
  }
  [[nodiscard]] explicit constexpr operator bool() const noexcept {
    return low != 0;
  }
  friend constexpr bool operator==(loan_handle, loan_handle) = default;
};
static_assert(sizeof(loan_handle) == 16);

namespace memory {

/// The number of a segment in its handles: its creation nonce, folded. Never
/// zero. So a handle into another segment, or into one of the same name that
/// was removed since, is refused (all but once in 2^32).
[[nodiscard]] inline std::uint32_t segment_number(const image& img) noexcept {
  const auto nonce = img.header().nonce;
  const auto folded = static_cast<std::uint32_t>(nonce ^ nonce >> 32U);
  return folded != 0 ? folded : 1;
}

}  // namespace memory
}  // namespace commy
