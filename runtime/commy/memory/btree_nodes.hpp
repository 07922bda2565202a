// commy/memory/btree_nodes.hpp: how keys, values and children lie in a node.
#pragma once

#include <commy/base/units.hpp>
#include <commy/memory/words.hpp>

#include <bit>
#include <cstdint>

namespace commy::memory {

/// Bytes of a tree's nodes, alike for all key and value types of these sizes.
/// A leaf, of n entries in slots that never move:
///
///     0           8           16              16 + n k
///     +-----------+-----------+---------------+-----------------+
///     | sequence  | order     | key of slot 0 | value of slot 0 |
///     |           |           | ... n - 1     | ... n - 1       |
///     +-----------+-----------+---------------+-----------------+
///
/// An inner node, of up to m separators in ascending order; child i holds the
/// keys from separator i - 1 on, and below separator i:
///
///     0           8           16              16 + m k
///     +-----------+-----------+---------------+-----------------+
///     | sequence  | count     | separators    | m + 1 children  |
///     +-----------+-----------+---------------+-----------------+
///
/// Keys stand apart from values, so that a search meets keys alone. With eight
/// bytes each a leaf is 256 bytes and an inner node 504.
struct btree_nodes {
  std::uint32_t key_bytes = 0;  // Of a slot: a multiple of 8.
  std::uint32_t value_bytes = 0;
  std::uint32_t leaf_slots = 0;
  std::uint32_t inner_keys = 0;
  bool key_is_text = false;
  bool value_is_text = false;
  bool value_is_nested = false;  // A container: see nested_cell.hpp.

  static constexpr std::uint32_t key_max = 256;
  static constexpr std::uint32_t value_max = 1024;
  /// Four slots at least, whatever their size; 15 at most, see `leaf_order`.
  static constexpr std::uint32_t node_bytes = 512;
  static constexpr std::uint32_t slots_max = 15;
  static constexpr std::uint32_t slots_min = 4;
  /// With at least two children to a node, none that a segment can hold is as
  /// high: 2^40 leaves of 64 bytes are 64 TiB.
  static constexpr std::uint32_t height_max = 40;

  [[nodiscard]] static constexpr btree_nodes of(
      std::uint32_t key_bytes, std::uint32_t value_bytes, bool key_is_text,
      bool value_is_text, bool value_is_nested = false) noexcept {
    const auto k = static_cast<std::uint32_t>(align_up(key_bytes, 8));
    const auto v = static_cast<std::uint32_t>(align_up(value_bytes, 8));
    const auto within = [](std::uint32_t n, std::uint32_t most) {
      return n < slots_min ? slots_min : n > most ? most : n;
    };
    return {k,
            v,
            within((node_bytes - 16) / (k + v), slots_max),
            within((node_bytes - 24) / (k + 8), node_bytes),
            key_is_text,
            value_is_text,
            value_is_nested};
  }

  [[nodiscard]] constexpr std::uint32_t key_words() const noexcept {
    return key_bytes / 8;
  }
  [[nodiscard]] constexpr std::uint32_t value_words() const noexcept {
    return value_bytes / 8;
  }
  [[nodiscard]] constexpr std::uint32_t leaf_bytes() const noexcept {
    return 16 + leaf_slots * (key_bytes + value_bytes);
  }
  [[nodiscard]] constexpr std::uint32_t inner_bytes() const noexcept {
    return 16 + inner_keys * key_bytes + 8 * (inner_keys + 1);
  }
  /// Of a slot in a leaf, or of a separator.
  [[nodiscard]] constexpr offset key_at(offset node,
                                        std::uint32_t index) const noexcept {
    return node + 16 + std::uint64_t{index} * key_bytes;
  }
  [[nodiscard]] constexpr offset value_at(offset leaf,
                                          std::uint32_t slot) const noexcept {
    return leaf + 16 + std::uint64_t{leaf_slots} * key_bytes +
           std::uint64_t{slot} * value_bytes;
  }
  [[nodiscard]] constexpr offset child_at(offset inner,
                                          std::uint32_t index) const noexcept {
    return inner + 16 + std::uint64_t{inner_keys} * key_bytes + 8ULL * index;
  }
};
static_assert(btree_nodes::of(8, 8, false, false).leaf_bytes() == 256);
static_assert(btree_nodes::of(8, 8, false, false).inner_bytes() == 504);
static_assert(btree_nodes::of(16, 16, true, true).leaf_slots == 15);

/// Which slots of a leaf are in use, in ascending order of their keys, in one
/// word: {slot of rank 14, ..., slot of rank 0, count}, four bits each. So an
/// entry comes or goes by one store, and only that is undone.
/// Source: Mao, Kohler, Morris, "Cache craftiness for fast multicore key-value
/// storage" (Masstree), EuroSys 2012.
struct leaf_order {
  std::uint64_t raw = 0;

  [[nodiscard]] constexpr std::uint32_t count() const noexcept {
    return static_cast<std::uint32_t>(raw & 15U);
  }
  [[nodiscard]] constexpr std::uint32_t slot(
      std::uint32_t rank) const noexcept {
    return static_cast<std::uint32_t>(raw >> (4 + 4 * rank) & 15U);
  }
  /// True if no slot lies outside of a leaf of so many: what keeps a writer
  /// from bytes that are not the leaf's.
  [[nodiscard]] constexpr bool within(std::uint32_t slots) const noexcept {
    if (count() > slots) return false;
    if (slots == 15) {
      // A slot of 15 is four bits set: all four of a nibble, below the count.
      const auto x = raw >> 4U;
      const auto full =
          x & x >> 1U & x >> 2U & x >> 3U & 0x0111'1111'1111'1111U;
      return (full & ((std::uint64_t{1} << 4 * count()) - 1)) == 0;
    }
    for (std::uint32_t i = 0; i < count(); ++i) {
      if (slot(i) >= slots) return false;
    }
    return true;
  }
  /// The same, and no slot is used twice.
  [[nodiscard]] constexpr bool sound(std::uint32_t slots) const noexcept {
    if (count() > slots) return false;
    std::uint32_t seen = 0;
    for (std::uint32_t i = 0; i < count(); ++i) {
      if (slot(i) >= slots || (seen >> slot(i) & 1U) != 0) return false;
      seen |= 1U << slot(i);
    }
    return true;
  }
  /// The lowest slot that is not in use. Requires: there is one.
  [[nodiscard]] constexpr std::uint32_t free_slot() const noexcept {
    std::uint32_t used = 0;
    auto slots = raw >> 4U;
    for (auto left = count(); left > 0; --left, slots >>= 4U)
      used |= 1U << (slots & 15U);
    return static_cast<std::uint32_t>(std::countr_one(used));
  }
  [[nodiscard]] constexpr leaf_order with(std::uint32_t rank,
                                          std::uint32_t slot) const noexcept {
    const auto low = (std::uint64_t{1} << (4 + 4 * rank)) - 1;
    // A count of 15 fills the word: shifting by 4 loses nothing that is used.
    return {((raw & ~low) << 4U | std::uint64_t{slot} << (4 + 4 * rank) |
             (raw & low)) +
            1};
  }
  [[nodiscard]] constexpr leaf_order without(
      std::uint32_t rank) const noexcept {
    const auto low = (std::uint64_t{1} << (4 + 4 * rank)) - 1;
    return {((raw >> 4U & ~low) | (raw & low)) - 1};
  }
  /// The first `count` alone.
  [[nodiscard]] constexpr leaf_order cut(std::uint32_t count) const noexcept {
    const auto low = count == 15 ? ~std::uint64_t{0}
                                 : (std::uint64_t{1} << (4 + 4 * count)) - 1;
    return {(raw & low & ~std::uint64_t{15}) | count};
  }
  /// Ranks 0 to `count` - 1 in the slots of the same number.
  [[nodiscard]] static constexpr leaf_order straight(
      std::uint32_t count) noexcept {
    return leaf_order{0xedcb'a987'6543'210fU}.cut(count);
  }
};
static_assert(leaf_order::straight(3).raw == 0x2103);
static_assert(leaf_order::straight(15).within(15));
static_assert(!leaf_order{0xf101}.within(15) == false);
static_assert(!leaf_order{0xf02}.within(15));
static_assert(leaf_order::straight(3).with(1, 7).raw == 0x2'1703 + 1);
static_assert(leaf_order::straight(3).with(1, 7).without(1).raw == 0x2103);
static_assert(leaf_order::straight(14).with(14, 14).raw ==
              leaf_order::straight(15).raw);
static_assert(leaf_order::straight(15).without(0).slot(13) == 14);

}  // namespace commy::memory
