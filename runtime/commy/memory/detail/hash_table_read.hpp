// commy/memory/detail/hash_table_read.hpp: looking things up in a hash table.
#pragma once

#include <commy/memory/hash_table.hpp>

#include <algorithm>

namespace commy::memory {

template <class Slots>
template <class Found>
lookup hash_table<Slots>::find(std::uint64_t generation, const table_key& key,
                               Found&& found, bool own) const {
  const auto& slots = slots_.get();
  // acquire, pairs with [unit-even]: the unit's bytes are at least this new.
  const auto shape_seen = root_->shape_sequence.load(std::memory_order_acquire);
  if ((shape_seen & 1U) != 0 && !own) return lookup::busy;
  const auto generation_seen =
      root_->generation.load(std::memory_order_relaxed);
  const auto shape = load_shape();
  const auto still = [&](const shared_u64& sequence, std::uint64_t seen) {
    // relaxed: behind the acquire fence that the caller has issued.
    return sequence.load(std::memory_order_relaxed) == seen;
  };
  const auto judge = [&](lookup outcome) {
    fence::acquire();  // Partner of [unit-odd] and [take].
    return still(root_->shape_sequence, shape_seen) ? outcome : lookup::busy;
  };
  if (generation_seen != generation) return judge(lookup::removed);
  if (shape.table == 0) return judge(lookup::absent);
  if (!sound(shape)) return judge(lookup::damaged);

  const auto hashed = hash(shape.seed, key);
  const auto tag = static_cast<std::uint8_t>(control_full | hashed >> 57U);
  struct visit {
    const shared_u64* sequence;
    std::uint64_t seen;
  };
  std::array<visit, chain_max> visited;
  std::uint32_t visits = 0;
  // Deepest first: each sequence vouches for what was read through it.
  const auto confirm = [&](lookup outcome) {
    fence::acquire();
    for (auto i = visits; i > 0; --i) {
      if (!still(*visited[i - 1].sequence, visited[i - 1].seen)) {
        return lookup::busy;
      }
    }
    return still(root_->shape_sequence, shape_seen) ? outcome : lookup::busy;
  };
  std::array<std::uint64_t, hash_slots::stride_max / 8> words;
  const auto steps = std::min<std::uint64_t>(shape.groups, chain_max);
  for (std::uint64_t step = 0; step < steps; ++step) {
    const auto index = (hashed + step) & (shape.groups - 1);
    const auto group = shape.table + index * slots.group_bytes;
    const auto& sequence = img_->word(group);
#ifdef __GNUC__
    // Where the slot may lie: comes together with the line of the controls.
    __builtin_prefetch(img_->bytes(group) + 64);
#endif
    const auto seen = sequence.load(std::memory_order_acquire);
    if ((seen & 1U) != 0 && !own) return lookup::busy;
    visited[visits++] = {&sequence, seen};
    bool has_empty = false;
    for (std::uint32_t w = 0; w < slots.control_words; ++w) {
      const auto bytes =
          img_->word(group + 8 + 8ULL * w).load(std::memory_order_relaxed);
      // Bytes behind the last slot are never full, but they are zero: mask.
      const auto in_word = slots.count - 8 * w;
      const auto valid = in_word >= 8 ? ~std::uint64_t{0}
                                      : (std::uint64_t{1} << 8 * in_word) - 1;
      for (auto hits = match_bytes(bytes, tag) & valid; hits != 0;
           hits &= hits - 1) {
        const auto slot =
            8 * w + static_cast<std::uint32_t>(std::countr_zero(hits)) / 8;
        copy_slot(group, slot, words.data());
        if (!key_matches(words.data(), key)) continue;
        const bool makes_sense = found(words.data());
        return confirm(makes_sense ? lookup::found : lookup::damaged);
      }
      has_empty |= (match_bytes(bytes, control_empty) & valid) != 0;
    }
    if (has_empty) return confirm(lookup::absent);
  }
  return confirm(lookup::absent);
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
