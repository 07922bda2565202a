// commy/memory/hash_table.hpp: the algorithm behind hash maps and directories.
#pragma once

#include <commy/base/fence.hpp>
#include <commy/base/units.hpp>
#include <commy/memory/change_ring.hpp>
#include <commy/memory/hash_slots.hpp>
#include <commy/memory/key_hash.hpp>
#include <commy/memory/text_cell.hpp>
#include <commy/memory/transaction.hpp>
#include <commy/memory/trash.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace commy::memory {

/// What a lookup is for: an integer of at most 8 bytes, or a text.
struct table_key {
  std::uint64_t bits = 0;
  std::string_view text{};
};

enum class lookup : std::uint8_t { found, absent, busy, removed, damaged };

/// Open addressing over groups (see hash_slots.hpp), linear probing by group.
/// Lookups stop at a group with an empty slot. A table grows aside and is
/// swapped in, so readers never wait for it; the old one is freed on commit.
///
/// In the root: shape[0] table offset (0: no table yet), shape[1] number of
/// groups (a power of two), shape[2] seed of the hash; motion[0] entries,
/// motion[1] erased slots. Units: the shape, and each group.
///
/// `Slots` is a class with `hash_slots get() const`: constexpr for the typed
/// face, run-time for the dynamic one, so that one algorithm serves both.
template <class Slots>
class hash_table {
public:
  /// No entry lies further than this many groups behind its first choice: an
  /// insert that finds no place there grows the table. So a lookup looks no
  /// further, and a reader can check all that it visited.
  static constexpr std::uint32_t chain_max = 16;

  hash_table(const image& img, offset root_at, Slots slots) noexcept
      : img_{&img}, root_{&img.root_at(root_at)}, slots_{slots} {}

  /// One optimistic look. `found(words)` gets the slot's words, copied out, and
  /// may read a text they name; it is called before the look is validated and
  /// returns false when what it met makes no sense. Cost: root's shape line,
  /// one group (two lines), for texts a block.
  /// `own`: this thread's open transaction holds the lock, so an odd sequence
  /// is its own.
  template <class Found>
  [[nodiscard]] lookup find(std::uint64_t generation, const table_key& key,
                            Found&& found, bool own = false) const {
    return find_here(generation, key, found, own);
  }
  /// The same, inlined by force: with the call and what it passes in memory a
  /// look would have half as many instructions again, and the next look's miss
  /// would begin as much later.
  template <class Found>
  [[nodiscard]] lookup find_here(std::uint64_t generation, const table_key& key,
                                 Found& found, bool own) const;

  /// Begins to fetch the group that a change of `key` will touch, so that it
  /// comes while the lock is being taken: a transaction's atomic steps let no
  /// later load begin. A hint.
  void prefetch(const table_key& key) const noexcept;

  /// One entry's place for a writer who holds the lock; `group` 0 if absent.
  /// Then `free_group` and `free_slot` say where it belongs, `room` how many
  /// slots the table has and `tag` what its control byte will be; `free_group`
  /// is 0 where insert() has to look further.
  struct place {
    offset group = 0;
    std::uint32_t slot = 0;
    std::uint8_t tag = 0;
    std::uint32_t free_slot = 0;
    offset free_group = 0;
    std::uint64_t room = 0;
  };
  [[nodiscard]] place locate(const table_key& key) const;

  /// The slot's words, for a writer or under a guard.
  void load_slot(const place& at, std::uint64_t* words) const noexcept;
  /// Changes the value's words of an existing entry; the old text or nested
  /// container, if the value is one, is given back.
  void replace_value(transaction& txn, const place& at,
                     const std::uint64_t* slot_words);
  /// Adds an entry that is not there. `slot_words` holds key and value; a text
  /// key has been made by `make_text` already.
  void insert(transaction& txn, const table_key& key,
              const std::uint64_t* slot_words);
  /// The same where `locate(key)` has just not found it.
  void insert(transaction& txn, const table_key& key, const place& at,
              const std::uint64_t* slot_words);
  void erase(transaction& txn, const place& at);
  /// Becomes a table of the entries that `keep(slot words)` is true for and of
  /// those in `added`, a slot's words each: keys that are not kept. The payload
  /// is not logged. `keep` may be called twice for an entry.
  template <class Keep>
  void rebuild(transaction& txn, Keep&& keep,
               const std::vector<std::uint64_t>& added);
  /// Gives back what an entry that `rebuild` does not keep has outside of it.
  void drop_entry(transaction& txn, const std::uint64_t* slot_words) const;
  /// Gives the table back, with all that its entries hold: more than a few of
  /// these as trash, in constant time.
  void clear(transaction& txn);
  /// Makes room for `entries` in all.
  void reserve(transaction& txn, std::uint64_t entries) {
    make_room(txn, entries, entries);
  }

  [[nodiscard]] std::uint64_t size() const noexcept {
    return root_->motion[0].load(std::memory_order_relaxed);
  }

  /// Calls `entry(slot words)` for each entry until it returns false; for who
  /// holds the lock or a guard.
  template <class Entry>
  void for_each(Entry&& entry) const;

private:
  struct table_shape {
    offset table = 0;
    std::uint64_t groups = 0;
    std::uint64_t seed = 0;
  };
  /// What a look at one group came to: a `lookup`, or on to the next group.
  enum class look_outcome : std::uint8_t {
    found = static_cast<std::uint8_t>(lookup::found),
    absent = static_cast<std::uint8_t>(lookup::absent),
    damaged = static_cast<std::uint8_t>(lookup::damaged),
    full = 255,  // Neither the key nor an empty slot.
  };
  struct seen_numbers {
    std::uint64_t shape;
    std::uint64_t group;
  };
  /// Has a sequence stood still? To be asked behind an acquire fence, the
  /// partner of [unit-odd] and [take].
  [[nodiscard]] static bool is_still(const shared_u64& sequence,
                                     std::uint64_t seen) noexcept {
    return sequence.load(std::memory_order_relaxed) == seen;
  }
  template <class Found>
  [[nodiscard]] look_outcome look_into(offset group, std::uint8_t tag,
                                       const table_key& key,
                                       Found& found) const;
  template <class Found>
  [[nodiscard, gnu::noinline]] lookup find_far(table_shape shape,
                                               seen_numbers first,
                                               std::uint64_t hashed,
                                               table_key key, Found& found,
                                               bool own) const;
  [[nodiscard]] table_shape load_shape() const noexcept {
    // relaxed: validated by the shape's sequence, or under the lock.
    return {root_->shape[0].load(std::memory_order_relaxed),
            root_->shape[1].load(std::memory_order_relaxed),
            root_->shape[2].load(std::memory_order_relaxed)};
  }
  [[nodiscard]] bool sound(const table_shape& s) const noexcept {
    return is_power_of_two(s.groups) && s.table % 64 == 0 &&
           s.groups <= img_->sizes().capacity / slots_.get().group_bytes &&
           img_->holds(s.table, s.groups * slots_.get().group_bytes);
  }
  [[nodiscard]] std::uint64_t hash(std::uint64_t seed,
                                   const table_key& key) const noexcept {
    return slots_.get().key_is_text ? hash_text(seed, key.text)
                                    : hash_bits(seed, key.bits);
  }
  [[nodiscard]] bool key_matches(const std::uint64_t* slot,
                                 const table_key& key) const noexcept {
    if (slots_.get().key_is_text) {
      const text_cell cell{{slot[0], slot[1]}};
      return cell.sound(*img_) && equals_text(*img_, cell, key.text);
    }
    std::uint64_t bits = 0;
    std::memcpy(&bits, slot, slots_.get().key_bytes);
    return bits == key.bits;
  }
  [[nodiscard]] table_key key_of(const std::uint64_t* slot) const noexcept;
  /// For the change log; before the slot's texts are given back.
  void note(transaction& txn, change_kind kind,
            const std::uint64_t* slot) const;
  void copy_slot(offset group, std::uint32_t slot,
                 std::uint64_t* words) const noexcept {
    const auto at = group + slots_.get().slot_at(slot);
    for (std::uint32_t i = 0; i < slots_.get().stride_words(); ++i) {
      words[i] = img_->word(at + 8ULL * i).load(std::memory_order_relaxed);
    }
  }
  /// The control bytes of eight slots; the highest bits of those that exist.
  [[nodiscard]] std::uint64_t controls(offset group,
                                       std::uint32_t w) const noexcept {
    return img_->word(group + 8 + 8ULL * w).load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t valid_controls(std::uint32_t w) const noexcept {
    const auto in_word = slots_.get().count - 8 * w;
    constexpr std::uint64_t highest = 0x8080'8080'8080'8080U;
    return in_word >= 8 ? highest
                        : highest & ((std::uint64_t{1} << 8 * in_word) - 1);
  }
  [[nodiscard]] std::uint8_t control(offset group,
                                     std::uint32_t slot) const noexcept {
    const auto word = img_->word(group + 8 + 8ULL * (slot / 8))
                          .load(std::memory_order_relaxed);
    return static_cast<std::uint8_t>(word >> 8 * (slot % 8));
  }
  void set_control(transaction& txn, offset group, std::uint32_t slot,
                   std::uint8_t byte) const {
    auto& word = img_->word(group + 8 + 8ULL * (slot / 8));
    const auto shift = 8 * (slot % 8);
    const auto old = word.load(std::memory_order_relaxed);
    txn.store(word, (old & ~(std::uint64_t{255} << shift)) | std::uint64_t{byte}
                                                                 << shift);
  }
  void make_room(transaction& txn, std::uint64_t entries, std::uint64_t wanted);
  [[nodiscard]] std::uint64_t groups_for(std::uint64_t entries) const noexcept;
  template <class Keep>
  void rebuild(transaction& txn, std::uint64_t groups, Keep&& keep,
               const std::vector<std::uint64_t>& added);
  void rebuild(transaction& txn, std::uint64_t groups) {
    rebuild(txn, groups, [](const std::uint64_t*) { return true; }, {});
  }
  [[nodiscard]] bool put_aside(const table_shape& fresh,
                               const std::uint64_t* words) const noexcept;

  const image* img_;
  root* root_;
  [[no_unique_address]] Slots slots_;
};

}  // namespace commy::memory

#include <commy/memory/detail/hash_table_read.hpp>
#include <commy/memory/detail/hash_table_write.hpp>
