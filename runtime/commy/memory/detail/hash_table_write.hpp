// commy/memory/detail/hash_table_write.hpp: changing a hash table.
#pragma once

#include <commy/memory/hash_table.hpp>

#include <algorithm>

namespace commy::memory {

template <class Slots>
table_key hash_table<Slots>::key_of(const std::uint64_t* slot) const noexcept {
  table_key key;
  if (slots_.get().key_is_text) {
    // The view may point into `slot`, which the caller keeps.
    const auto& cell = *reinterpret_cast<const text_cell*>(slot);
    if (cell.sound(*img_)) key.text = view_text(*img_, cell);
  } else {
    std::memcpy(&key.bits, slot, slots_.get().key_bytes);
  }
  return key;
}

template <class Slots>
void hash_table<Slots>::note(transaction& txn, change_kind kind,
                             const std::uint64_t* slot) const {
  if (!is_observed(txn)) [[likely]]
    return;
  const auto key = key_of(slot);
  if (slots_.get().key_is_text) {
    add_change(txn, *root_, kind, key.text.data(), key.text.size());
  } else {
    add_change(txn, *root_, kind, &key.bits, slots_.get().key_bytes);
  }
}

/// Inlined by force: g++ takes a function that only prefetches for one without
/// effect and drops the call.
template <class Slots>
[[gnu::always_inline]] inline void hash_table<Slots>::prefetch(
    [[maybe_unused]] const table_key& key) const noexcept {
#ifdef __GNUC__
  const auto shape = load_shape();
  const auto index = hash(shape.seed, key) & (shape.groups - 1);
  // Whatever the words say, an address; nothing is read there.
  const auto* const at = img_->bytes(
      (shape.table + index * slots_.get().group_bytes) & offset_mask);
  __builtin_prefetch(at, 1);
  __builtin_prefetch(at + 64, 1);
#endif
}

template <class Slots>
[[gnu::always_inline]] inline typename hash_table<Slots>::place
hash_table<Slots>::locate(const table_key& key) const {
  const auto& slots = slots_.get();
  const auto shape = load_shape();
  place found;
  if (shape.table == 0) return found;
  if (!sound(shape)) throw write_failed{write_error::damaged};
  const auto hashed = hash(shape.seed, key);
  found.tag = static_cast<std::uint8_t>(control_full | hashed >> 57U);
  found.room = shape.groups * slots.count;
  std::array<std::uint64_t, hash_slots::stride_max / 8> words;
  const auto steps = std::min<std::uint64_t>(shape.groups, chain_max);
  for (std::uint64_t step = 0; step < steps; ++step) {
    const auto group = shape.table + ((hashed + step) & (shape.groups - 1)) *
                                         slots.group_bytes;
    bool has_empty = false;
    for (std::uint32_t w = 0; w < slots.control_words; ++w) {
      const auto bytes = controls(group, w);
      const auto valid = valid_controls(w);
      for (auto hits = match_bytes(bytes, found.tag) & valid; hits != 0;
           hits &= hits - 1) {
        const auto s =
            8 * w + static_cast<std::uint32_t>(std::countr_zero(hits)) / 8;
        copy_slot(group, s, words.data());
        if (key_matches(words.data(), key)) {
          found.group = group;
          found.slot = s;
          return found;
        }
      }
      has_empty |= (match_bytes(bytes, control_empty) & valid) != 0;
      // Empty or erased: the highest bit of the byte is clear.
      const auto free = ~bytes & valid;
      if (free != 0 && found.free_group == 0) {
        found.free_group = group;
        found.free_slot =
            8 * w + static_cast<std::uint32_t>(std::countr_zero(free)) / 8;
      }
    }
    if (has_empty) break;
  }
  return found;
}

template <class Slots>
void hash_table<Slots>::load_slot(const place& at,
                                  std::uint64_t* words) const noexcept {
  copy_slot(at.group, at.slot, words);
}

template <class Slots>
void hash_table<Slots>::replace_value(transaction& txn, const place& at,
                                      const std::uint64_t* slot_words) {
  const auto& slots = slots_.get();
  txn.touch(root_->sequence);
  txn.touch(img_->word(at.group));
  const auto base = at.group + slots.slot_at(at.slot);
  if (slots.value_is_text) {
    const auto old = base + slots.value_at;
    drop_text(txn, {{img_->word(old).load(std::memory_order_relaxed),
                     img_->word(old + 8).load(std::memory_order_relaxed)}});
  } else if (slots.value_is_nested) {
    const auto old = base + slots.value_at;
    trash_nested(txn, {{img_->word(old).load(std::memory_order_relaxed),
                        img_->word(old + 8).load(std::memory_order_relaxed)}});
  }
  for (auto i = slots.value_at / 8; i < slots.stride_words(); ++i) {
    txn.store(img_->word(base + 8ULL * i), slot_words[i]);
  }
  note(txn, change_kind::set, slot_words);
}

template <class Slots>
[[gnu::always_inline]] inline void hash_table<Slots>::insert(
    transaction& txn, const table_key& key, const place& at,
    const std::uint64_t* slot_words) {
  const auto& slots = slots_.get();
  const auto entries = size();
  // relaxed: ours by the lock.
  const auto erased = root_->motion[1].load(std::memory_order_relaxed);
  // With erased slots about, or words that rolling back would bring to life
  // again, there is more to note.
  if (at.free_group == 0 || erased != 0 || txn.has_emptied() ||
      (entries + 1) * 8 > at.room * 7) [[unlikely]] {
    // Copies, so that nothing knows of what stays in registers.
    hash_table same{*this};
    const auto wanted = key;
    return same.insert(txn, wanted, slot_words);
  }
  auto& control = img_->word(at.free_group + 8 + 8ULL * (at.free_slot / 8));
  txn.touch_and_save<2, 2>({&root_->sequence, &img_->word(at.free_group)},
                           {&control, &root_->motion[0]});
  const auto base = at.free_group + slots.slot_at(at.free_slot);
  for (std::uint32_t i = 0; i < slots.stride_words(); ++i) {
    // relaxed, here and below: the group is odd.
    img_->word(base + 8ULL * i).store(slot_words[i], std::memory_order_relaxed);
  }
  const auto shift = 8 * (at.free_slot % 8);
  control.store((control.load(std::memory_order_relaxed) &
                 ~(std::uint64_t{255} << shift)) |
                    std::uint64_t{at.tag} << shift,
                std::memory_order_relaxed);
  root_->motion[0].store(entries + 1, std::memory_order_relaxed);
  note(txn, change_kind::set, slot_words);
}

template <class Slots>
void hash_table<Slots>::insert(transaction& txn, const table_key& key,
                               const std::uint64_t* slot_words) {
  const auto& slots = slots_.get();
  txn.touch(root_->sequence);
  const auto entries = size();
  make_room(txn, entries + 1, 2 * entries);
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto shape = load_shape();
    const auto hashed = hash(shape.seed, key);
    const auto tag = static_cast<std::uint8_t>(control_full | hashed >> 57U);
    const auto steps = std::min<std::uint64_t>(shape.groups, chain_max);
    for (std::uint64_t step = 0; step < steps; ++step) {
      const auto group = shape.table + ((hashed + step) & (shape.groups - 1)) *
                                           slots.group_bytes;
      for (std::uint32_t w = 0; w < slots.control_words; ++w) {
        // Empty or erased: the highest bit of the byte is clear.
        const auto free = ~controls(group, w) & valid_controls(w);
        if (free == 0) continue;
        const auto s =
            8 * w + static_cast<std::uint32_t>(std::countr_zero(free)) / 8;
        const bool erased = control(group, s) == control_erased;
        txn.touch(img_->word(group));
        const auto base = group + slots.slot_at(s);
        txn.save_unused(base, slots.stride_words());
        for (std::uint32_t i = 0; i < slots.stride_words(); ++i) {
          // relaxed: the group is odd.
          img_->word(base + 8ULL * i)
              .store(slot_words[i], std::memory_order_relaxed);
        }
        set_control(txn, group, s, tag);
        txn.store(root_->motion[0], entries + 1);
        if (erased) {
          txn.store(root_->motion[1],
                    root_->motion[1].load(std::memory_order_relaxed) - 1);
        }
        note(txn, change_kind::set, slot_words);
        return;
      }
    }
    rebuild(txn, shape.groups * 2);
  }
  throw write_failed{write_error::too_large};
}

template <class Slots>
void hash_table<Slots>::erase(transaction& txn, const place& at) {
  const auto& slots = slots_.get();
  txn.touch(root_->sequence);
  txn.touch(img_->word(at.group));
  txn.note_emptied();
  std::array<std::uint64_t, hash_slots::stride_max / 8> words;
  copy_slot(at.group, at.slot, words.data());
  note(txn, change_kind::erased, words.data());
  drop_entry(txn, words.data());
  // Nobody ever probed past a group that has an empty slot.
  bool has_empty = false;
  for (std::uint32_t s = 0; s < slots.count; ++s) {
    has_empty |= control(at.group, s) == control_empty;
  }
  set_control(txn, at.group, at.slot,
              has_empty ? control_empty : control_erased);
  txn.store(root_->motion[0], size() - 1);
  if (!has_empty) {
    txn.store(root_->motion[1],
              root_->motion[1].load(std::memory_order_relaxed) + 1);
  }
}

template <class Slots>
void hash_table<Slots>::drop_entry(transaction& txn,
                                   const std::uint64_t* words) const {
  const auto& slots = slots_.get();
  if (slots.key_is_text) drop_text(txn, {{words[0], words[1]}});
  if (slots.value_is_text) {
    const auto v = slots.value_at / 8;
    drop_text(txn, {{words[v], words[v + 1]}});
  } else if (slots.value_is_nested) {
    const auto v = slots.value_at / 8;
    trash_nested(txn, {{words[v], words[v + 1]}});
  }
}

template <class Slots>
void hash_table<Slots>::clear(transaction& txn) {
  const auto old = load_shape();
  if (old.table == 0) return;
  if (!sound(old)) throw write_failed{write_error::damaged};
  const auto& slots = slots_.get();
  txn.touch(root_->sequence);
  txn.touch(root_->shape_sequence);
  note_whole(txn, *root_);
  const bool owns =
      slots.key_is_text || slots.value_is_text || slots.value_is_nested;
  // A few are given back at once, so that this needs no block.
  const bool as_trash = owns && size() > trash_above &&
                        trash_content(txn, *root_, slots.value_is_nested);
  if (owns && !as_trash) {
    for_each([&](const std::uint64_t* words) {
      drop_entry(txn, words);
      return true;
    });
  }
  txn.store(root_->shape[0], 0);
  txn.store(root_->shape[1], 0);
  txn.store(root_->motion[0], 0);
  txn.store(root_->motion[1], 0);
  if (!as_trash) txn.drop(old.table);
}

/// Sees to it that so many entries have room; in a table that must be made,
/// `wanted` have.
template <class Slots>
void hash_table<Slots>::make_room(transaction& txn, std::uint64_t entries,
                                  std::uint64_t wanted) {
  const auto& slots = slots_.get();
  const auto shape = load_shape();
  if (shape.table != 0 && !sound(shape)) {
    throw write_failed{write_error::damaged};
  }
  const auto room = shape.table == 0 ? 0 : shape.groups * slots.count;
  const auto erased = root_->motion[1].load(std::memory_order_relaxed);
  // Full to 7/8, counting erased slots, which lookups must pass as well.
  if (room != 0 && (entries + erased) * 8 <= room * 7) return;
  rebuild(txn, groups_for(std::max(entries, wanted)));
}

/// Groups that hold so many entries at 7/8 of their slots.
template <class Slots>
std::uint64_t hash_table<Slots>::groups_for(
    std::uint64_t entries) const noexcept {
  std::uint64_t groups = 1;
  while (groups * slots_.get().count * 7 < entries * 8 &&
         groups < std::uint64_t{1} << 40U) {
    groups *= 2;
  }
  return groups;
}

template <class Slots>
template <class Keep>
void hash_table<Slots>::rebuild(transaction& txn, Keep&& keep,
                                const std::vector<std::uint64_t>& added) {
  const auto stride = slots_.get().stride_words();
  if (load_shape().table != 0 && !sound(load_shape())) {
    throw write_failed{write_error::damaged};
  }
  txn.touch(root_->sequence);
  note_whole(txn, *root_);
  std::uint64_t entries = added.size() / stride;
  for_each([&](const std::uint64_t* words) {
    entries += keep(words) ? 1 : 0;
    return true;
  });
  rebuild(txn, groups_for(entries + entries / 4), std::forward<Keep>(keep),
          added);
}

/// Puts an entry into a table that nobody sees. False when it has no place.
template <class Slots>
bool hash_table<Slots>::put_aside(const table_shape& fresh,
                                  const std::uint64_t* words) const noexcept {
  const auto& slots = slots_.get();
  const auto hashed = hash(fresh.seed, key_of(words));
  const auto steps = std::min<std::uint64_t>(fresh.groups, chain_max);
  for (std::uint64_t step = 0; step < steps; ++step) {
    const auto group = fresh.table + ((hashed + step) & (fresh.groups - 1)) *
                                         slots.group_bytes;
    for (std::uint32_t s = 0; s < slots.count; ++s) {
      if (control(group, s) != control_empty) continue;
      for (std::uint32_t i = 0; i < slots.stride_words(); ++i) {
        img_->word(group + slots.slot_at(s) + 8ULL * i)
            .store(words[i], std::memory_order_relaxed);
      }
      auto& word = img_->word(group + 8 + 8ULL * (s / 8));
      word.store(word.load(std::memory_order_relaxed) |
                     (control_full | hashed >> 57U) << 8 * (s % 8),
                 std::memory_order_relaxed);
      return true;
    }
  }
  return false;
}

template <class Slots>
template <class Keep>
void hash_table<Slots>::rebuild(transaction& txn, std::uint64_t groups,
                                Keep&& keep,
                                const std::vector<std::uint64_t>& added) {
  const auto& slots = slots_.get();
  const auto old = load_shape();
  const table_shape fresh{txn.take(groups * slots.group_bytes), groups,
                          old.seed};
  for (std::uint64_t g = 0; g < groups; ++g) {
    for (std::uint32_t w = 0; w < 1 + slots.control_words; ++w) {
      // relaxed: aside; nobody sees it before the shape turns even.
      img_->word(fresh.table + g * slots.group_bytes + 8ULL * w)
          .store(0, std::memory_order_relaxed);
    }
  }
  std::uint64_t entries = 0;
  bool fits = true;
  for_each([&](const std::uint64_t* words) {
    if (!keep(words)) return true;
    ++entries;
    return fits = put_aside(fresh, words);
  });
  for (std::size_t i = 0; fits && i < added.size(); i += slots.stride_words()) {
    ++entries;
    fits = put_aside(fresh, &added[i]);
  }
  if (!fits) {
    // Rare: the next size up. Bounded by the largest run.
    txn.drop(fresh.table);
    rebuild(txn, groups * 2, std::forward<Keep>(keep), added);
    return;
  }
  txn.touch(root_->shape_sequence);
  txn.store(root_->shape[0], fresh.table);
  txn.store(root_->shape[1], groups);
  if (entries != size()) txn.store(root_->motion[0], entries);
  txn.store(root_->motion[1], 0);
  if (old.table != 0) txn.drop(old.table);
}

}  // namespace commy::memory
