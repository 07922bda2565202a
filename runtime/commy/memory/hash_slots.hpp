// commy/memory/hash_slots.hpp: how keys and values lie in a hash group.
#pragma once

#include <commy/base/units.hpp>

#include <cstdint>

namespace commy::memory {

/// Bytes of one group, alike for every key and value type of the same sizes:
///
///     0           8                 8 + 8 c
///     +-----------+-----------------+---------------------------------+
///     | sequence  | control bytes   | slot 0 | slot 1 | ... | slot n-1|
///     +-----------+-----------------+---------------------------------+
///
/// One control byte a slot (0 empty, 1 erased, 128 + 7 hash bits full), in
/// c = ceil(n / 8) words. A slot is key, padding, value, padding to 8 bytes.
struct hash_slots {
  std::uint32_t key_bytes = 0;
  std::uint32_t value_at = 0;  // From the slot's begin.
  std::uint32_t value_bytes = 0;
  std::uint32_t stride = 0;
  std::uint32_t count = 0;  // Slots of a group.
  std::uint32_t control_words = 0;
  std::uint32_t group_bytes = 0;
  bool key_is_text = false;
  bool value_is_text = false;
  bool value_is_nested = false;  // A container: see nested_cell.hpp.

  /// Largest slot: key and value live in the group, and a reader copies a slot
  /// to its stack. Larger values belong into an object of their own.
  static constexpr std::uint32_t stride_max = 1024;

  [[nodiscard]] static constexpr hash_slots of(
      std::uint32_t key_bytes, std::uint32_t value_bytes,
      std::uint32_t value_align, bool key_is_text, bool value_is_text,
      bool value_is_nested = false) noexcept {
    hash_slots s;
    s.value_is_nested = value_is_nested;
    s.key_bytes = key_bytes;
    s.value_bytes = value_bytes;
    s.key_is_text = key_is_text;
    s.value_is_text = value_is_text;
    s.value_at = static_cast<std::uint32_t>(align_up(key_bytes, value_align));
    s.stride =
        static_cast<std::uint32_t>(align_up(s.value_at + value_bytes, 8));
    // 128 bytes, two cache lines that prefetchers fetch together, unless fewer
    // than two slots would fit; then as many doublings as it takes.
    for (s.group_bytes = 128; s.group_bytes < 4096; s.group_bytes *= 2) {
      s.count = (s.group_bytes - 8) / (s.stride + 1);
      while (s.count > 0 &&
             8 + 8 * ((s.count + 7) / 8) + s.count * s.stride > s.group_bytes) {
        --s.count;
      }
      if (s.count >= 2) break;
    }
    s.control_words = (s.count + 7) / 8;
    return s;
  }

  [[nodiscard]] constexpr std::uint32_t slot_at(
      std::uint32_t index) const noexcept {
    return 8 + 8 * control_words + index * stride;
  }
  [[nodiscard]] constexpr std::uint32_t stride_words() const noexcept {
    return stride / 8;
  }
};
static_assert(hash_slots::of(8, 8, 8, false, false).count == 7);
static_assert(hash_slots::of(16, 8, 8, true, false).count == 4);
static_assert(hash_slots::of(4, 4, 4, false, false).count == 13);

inline constexpr std::uint8_t control_empty = 0;
inline constexpr std::uint8_t control_erased = 1;
inline constexpr std::uint8_t control_full = 128;

/// One bit (the byte's highest) for each byte of `word` that equals `byte`.
/// Exact, unlike the shorter subtract-and-mask form, whose borrow marks a
/// neighbour now and then.
[[nodiscard]] constexpr std::uint64_t match_bytes(std::uint64_t word,
                                                  std::uint8_t byte) noexcept {
  constexpr std::uint64_t low = 0x0101'0101'0101'0101U;
  constexpr std::uint64_t seven = 0x7f7f'7f7f'7f7f'7f7fU;
  const auto x = word ^ (low * byte);
  return ~(((x & seven) + seven) | x | seven);
}

}  // namespace commy::memory
