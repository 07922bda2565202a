// commy/memory/vec_block.hpp: how a vector's elements lie in their block.
#pragma once

#include <commy/base/fence.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/packed_bytes.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace commy::memory {

/// Bytes of a vector's block, for a capacity of n elements in groups of G:
///
///     0                  align_up(8 ceil(n / G), 16)
///     +------------------+------------------------------------+
///     | sequence a group | element 0 | element 1 | ... | n - 1|
///     +------------------+------------------------------------+
///
/// Elements lie side by side, as in an array of C. A group is a unit: about 4
/// KiB, so that a writer at one end disturbs no reader at the other, and the
/// sequences are 0.2 % of the whole.
///
/// Elements that came as a loan stay where they are: then the block has the
/// sequences alone. In the root: shape[0] block (0: none yet), shape[1]
/// capacity, shape[2] elements of a loan (0: none); motion[0] elements in use.
/// Invariant: a transaction that changes whether element i exists, or its
/// bytes, has turned i's group odd, or the shape. So a reader who finds both
/// unmoved knows both.
struct vec_block {
  std::uint32_t bytes = 0;        // Of an element.
  std::uint32_t group_shift = 0;  // log2 of a group's elements.

  static constexpr std::uint32_t element_max = 4096;
  static constexpr std::uint32_t group_bytes = 4096;

  [[nodiscard]] static constexpr vec_block of(std::uint32_t bytes) noexcept {
    // At least eight, so that a group ends where a word does.
    const auto count = group_bytes / bytes < 8 ? 8 : group_bytes / bytes;
    return {bytes, static_cast<std::uint32_t>(std::bit_width(count) - 1)};
  }
  [[nodiscard]] constexpr std::uint64_t groups(
      std::uint64_t capacity) const noexcept {
    return (capacity + (std::uint64_t{1} << group_shift) - 1) >> group_shift;
  }
  [[nodiscard]] constexpr std::uint64_t elements_at(
      std::uint64_t capacity) const noexcept {
    return align_up(8 * groups(capacity), 16);
  }
  [[nodiscard]] constexpr std::uint64_t block_bytes(
      std::uint64_t capacity) const noexcept {
    return elements_at(capacity) + align_up(capacity * bytes, 8);
  }
  /// Twice the room, or what is wanted if that is more, or what one run holds.
  [[nodiscard]] constexpr std::uint64_t grown(
      const geometry& sizes, std::uint64_t capacity,
      std::uint64_t wanted) const noexcept {
    const std::uint64_t run = sizes.chunk_bytes - sizes.page_bytes;
    // An element and its share of a sequence, beside the paddings and a group
    // that is only begun; then to the last one that fits. Not less: above it
    // each push would copy the whole again.
    const auto group = (std::uint64_t{bytes} << group_shift) + 8;
    auto most = ((run - 32) << group_shift) / group;
    while (2 * capacity > most && block_bytes(most + 1) <= run)
      ++most;
    const auto first = std::max<std::uint64_t>(64 / bytes, 4);
    return std::max(std::min(std::max(2 * capacity, first), most), wanted);
  }
};
static_assert(vec_block::of(8).group_shift == 9);
static_assert(vec_block::of(4096).group_shift == 3);
static_assert(vec_block::of(24).group_shift == 7);

/// A vector's root words at one instant; input until `sound`.
struct vec_state {
  offset block = 0;
  std::uint64_t capacity = 0;
  std::uint64_t size = 0;
  offset lent = 0;  // Elements that came as a loan.

  [[nodiscard]] static vec_state load(const root& object) noexcept {
    // relaxed: validated by the units' sequences, or under the lock.
    return {object.shape[0].load(std::memory_order_relaxed),
            object.shape[1].load(std::memory_order_relaxed),
            object.motion[0].load(std::memory_order_relaxed),
            object.shape[2].load(std::memory_order_relaxed)};
  }
  /// True if the block lies in the segment, and the elements in the block.
  [[nodiscard]] bool sound(const image& img,
                           const vec_block& shape) const noexcept {
    return size <= capacity && has_block(img, shape);
  }
  [[nodiscard]] bool has_block(const image& img,
                               const vec_block& shape) const noexcept {
    if (capacity == 0) return true;
    return block % 16 == 0 && lent % 16 == 0 &&
           capacity <= img.sizes().capacity / shape.bytes &&
           img.holds(block, block_bytes(shape)) &&
           (lent == 0 || img.holds(lent, align_up(capacity * shape.bytes, 8)));
  }
  /// What the block has to have.
  [[nodiscard]] std::uint64_t block_bytes(
      const vec_block& shape) const noexcept {
    return lent != 0 ? shape.elements_at(capacity)
                     : shape.block_bytes(capacity);
  }
  [[nodiscard]] offset at(const vec_block& shape,
                          std::uint64_t index) const noexcept {
    const auto first = lent != 0 ? lent : block + shape.elements_at(capacity);
    return first + index * shape.bytes;
  }
  [[nodiscard]] offset sequence_of(const vec_block& shape,
                                   std::uint64_t index) const noexcept {
    return block + 8 * (index >> shape.group_shift);
  }
};

/// Lets the root lead to `fresh` and drops what `old` has. Requires: the
/// shape's sequence is odd.
inline void link_elements(transaction& txn, root& object, const vec_state& old,
                          const vec_state& fresh) {
  const auto now = vec_state::load(object);  // Not `old` when that is trash.
  txn.store(object.shape[0], fresh.block);
  txn.store(object.shape[1], fresh.capacity);
  if (fresh.lent != now.lent) txn.store(object.shape[2], fresh.lent);
  if (fresh.size != now.size) txn.store(object.motion[0], fresh.size);
  if (old.capacity != 0) txn.drop(old.block);
  if (old.lent != 0) txn.drop(old.lent);
}

/// One optimistic look at element `index`. `found(offset)` copies it by relaxed
/// words and answers false when what it met makes no sense. Cost: the root's
/// two lines, the group's sequence, the element.
template <class Found>
[[nodiscard]] lookup look_at_element(const image& img, const root& object,
                                     std::uint64_t generation,
                                     const vec_block& shape,
                                     std::uint64_t index, bool own,
                                     Found&& found) {
  // acquire, pairs with [unit-even].
  const auto shape_seen = object.shape_sequence.load(std::memory_order_acquire);
  if ((shape_seen & 1U) != 0 && !own) return lookup::busy;
  const auto same_shape = [&](lookup outcome) {
    fence::acquire();  // Partner of [unit-odd] and [take].
    return object.shape_sequence.load(std::memory_order_relaxed) == shape_seen
               ? outcome
               : lookup::busy;
  };
  if (object.generation.load(std::memory_order_relaxed) != generation) {
    return same_shape(lookup::removed);
  }
  const auto state = vec_state::load(object);
  if (index >= state.capacity) return same_shape(lookup::absent);
  if (!state.has_block(img, shape)) return same_shape(lookup::damaged);
  const auto& sequence = img.word(state.sequence_of(shape, index));
  const auto seen = sequence.load(std::memory_order_acquire);
  if ((seen & 1U) != 0 && !own) return lookup::busy;
  // After the group's sequence, which vouches for it.
  const auto size = object.motion[0].load(std::memory_order_relaxed);
  auto outcome = lookup::absent;
  if (index < size) {
    outcome = found(state.at(shape, index)) ? lookup::found : lookup::damaged;
  }
  fence::acquire();
  // Deepest first: the shape vouches for the group.
  if (sequence.load(std::memory_order_relaxed) != seen) return lookup::busy;
  return object.shape_sequence.load(std::memory_order_relaxed) == shape_seen
             ? outcome
             : lookup::busy;
}

}  // namespace commy::memory
