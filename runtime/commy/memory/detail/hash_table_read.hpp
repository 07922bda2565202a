// commy/memory/detail/hash_table_read.hpp: looking things up in a hash table.
#pragma once

#include <commy/memory/hash_table.hpp>

#include <algorithm>

namespace commy::memory {

template <class Slots>
template <class Found>
[[gnu::always_inline]] inline lookup hash_table<Slots>::find_here(
    std::uint64_t generation, const table_key& key, Found& found,
    bool own) const {
  const auto& slots = slots_.get();
  // acquire, pairs with [unit-even]: the unit's bytes are at least this new.
  const auto shape_seen = root_->shape_sequence.load(std::memory_order_acquire);
  if ((shape_seen & 1U) != 0 && !own) return lookup::busy;
  const auto generation_seen =
      root_->generation.load(std::memory_order_relaxed);
  const auto shape = load_shape();
  // No table yet is not sound, either.
  if (generation_seen != generation || !sound(shape)) [[unlikely]] {
    fence::acquire();  // Partner of [unit-odd] and [take].
    if (!is_still(root_->shape_sequence, shape_seen)) return lookup::busy;
    return generation_seen != generation ? lookup::removed
           : shape.table == 0            ? lookup::absent
                                         : lookup::damaged;
  }
  const auto hashed = hash(shape.seed, key);
  const auto tag = static_cast<std::uint8_t>(control_full | hashed >> 57U);
  // Nine looks in ten end in the first group, without a list of what they saw.
  const auto group =
      shape.table + (hashed & (shape.groups - 1)) * slots.group_bytes;
  const auto& sequence = img_->word(group);
#ifdef __GNUC__
  // Where the slot may lie: comes together with the line of the controls.
  __builtin_prefetch(img_->bytes(group) + 64);
#endif
  const auto seen = sequence.load(std::memory_order_acquire);
  if ((seen & 1U) != 0 && !own) return lookup::busy;
  const auto outcome = look_into(group, tag, key, found);
  if (outcome == look_outcome::full) [[unlikely]] {
    // Copies, made here: what no call has the address of stays in registers.
    const hash_table same{*this};
    return same.find_far(shape, {shape_seen, seen}, hashed, key, found, own);
  }
  // Deepest first: each sequence vouches for what was read through it.
  fence::acquire();
  if (!is_still(sequence, seen) || !is_still(root_->shape_sequence, shape_seen))
      [[unlikely]] {
    return lookup::busy;
  }
  return static_cast<lookup>(outcome);
}

/// One group, unvalidated.
template <class Slots>
template <class Found>
[[gnu::always_inline]] inline typename hash_table<Slots>::look_outcome
hash_table<Slots>::look_into(offset group, std::uint8_t tag,
                             const table_key& key, Found& found) const {
  const auto& slots = slots_.get();
  bool has_empty = false;
  for (std::uint32_t w = 0; w < slots.control_words; ++w) {
    const auto bytes = controls(group, w);
    const auto valid = valid_controls(w);
    for (auto hits = match_bytes(bytes, tag) & valid; hits != 0;
         hits &= hits - 1) {
      const auto slot =
          8 * w + static_cast<std::uint32_t>(std::countr_zero(hits)) / 8;
      std::array<std::uint64_t, hash_slots::stride_max / 8> words;
      copy_slot(group, slot, words.data());
      if (!key_matches(words.data(), key)) continue;
      return found(words.data()) ? look_outcome::found : look_outcome::damaged;
    }
    has_empty |= (match_bytes(bytes, control_empty) & valid) != 0;
  }
  return has_empty ? look_outcome::absent : look_outcome::full;
}

/// The groups behind the first, which was full and has been seen as `first`.
template <class Slots>
template <class Found>
lookup hash_table<Slots>::find_far(table_shape shape, seen_numbers first,
                                   std::uint64_t hashed, table_key key,
                                   Found& found, bool own) const {
  const auto tag = static_cast<std::uint8_t>(control_full | hashed >> 57U);
  std::array<std::uint64_t, chain_max> seen;
  seen[0] = first.group;
  const auto group_of = [&](std::uint64_t step) {
    return shape.table +
           ((hashed + step) & (shape.groups - 1)) * slots_.get().group_bytes;
  };
  auto outcome = look_outcome::absent;
  const auto steps = std::min<std::uint64_t>(shape.groups, chain_max);
  std::uint64_t step = 1;
  while (step < steps) {
    const auto group = group_of(step);
    seen[step] = img_->word(group).load(std::memory_order_acquire);
    if ((seen[step] & 1U) != 0 && !own) return lookup::busy;
    ++step;
    outcome = look_into(group, tag, key, found);
    if (outcome != look_outcome::full) break;
    outcome = look_outcome::absent;  // Of a chain at its longest.
  }
  fence::acquire();
  while (step-- > 0) {
    if (!is_still(img_->word(group_of(step)), seen[step])) return lookup::busy;
  }
  return is_still(root_->shape_sequence, first.shape)
             ? static_cast<lookup>(outcome)
             : lookup::busy;
}

template <class Slots>
template <class Entry>
void hash_table<Slots>::for_each(Entry&& entry) const {
  const auto& slots = slots_.get();
  const auto shape = load_shape();
  if (shape.table == 0 || !sound(shape)) return;
  std::array<std::uint64_t, hash_slots::stride_max / 8> words;
  for (std::uint64_t g = 0; g < shape.groups; ++g) {
    const auto group = shape.table + g * slots.group_bytes;
    for (std::uint32_t s = 0; s < slots.count; ++s) {
      if (control(group, s) < control_full) continue;
      copy_slot(group, s, words.data());
      if (!entry(static_cast<const std::uint64_t*>(words.data()))) return;
    }
  }
}

}  // namespace commy::memory
