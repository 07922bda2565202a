// commy/memory/change_ring.hpp: which changes were made to an object, in order.
#pragma once

#include <commy/memory/transaction.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace commy {

/// What one entry of a change log says.
enum class change_kind : std::uint8_t {
  set = 1,       // A key's value is new or another; an element, in place.
  erased = 2,    // A key; or elements from an index on.
  inserted = 3,  // Elements before an index.
  replaced = 4,  // Anything: look at the whole.
  beneath = 5,   // Something in a nested container.
};

namespace memory {

/// An object's change log is a ring of entries in one block, to which motion[2]
/// of the outermost object's root leads; 0: none is kept. Behind a header lie
/// cells; entry p in cell p mod capacity. Each cell is a unit, changed by the
/// very transaction that its entry tells of, under undo like any other word: so
/// an entry appears with the commit and goes with the abort, and a sweep needs
/// to know nothing of it.
///
///     header: id, capacity, next      cell: sequence, position, version, what,
///     (128 bytes)                     (128) key (12 words)
///
/// A reader looks at one cell: the position in it says whether its entry is
/// there (equal), yet to come (below) or overwritten (above).
struct change_ring_header {
  shared_u64 id;        // Of this ring; never again of one of this object.
  shared_u64 capacity;  // Cells.
  shared_u64 next;      // Position of the next entry; the first is 1.
  std::array<shared_u64, 13> unused;
};
/// A key of up to four words lies in the cell's first line.
struct change_cell {
  shared_u64 sequence;
  shared_u64 position;
  shared_u64 version;  // Of the object, with this change.
  shared_u64 what;     // {bytes of the key 48, cut 8, kind 8}
  std::array<shared_u64, 12> key;
};
static_assert(sizeof(change_ring_header) == 128 && sizeof(change_cell) == 128);

/// Longer keys are left out: the entry then says that some key was meant. Texts
/// that people use as keys (names, UUIDs, SHA-512 is 128) are mostly shorter.
inline constexpr std::size_t change_key_max = sizeof(change_cell::key);
/// 32 MiB, half of what the longest run holds.
inline constexpr std::uint64_t changes_max = std::uint64_t{1} << 18U;

/// Where a root leads to its ring.
[[nodiscard]] inline shared_u64& change_ring_of(root& object) noexcept {
  return object.motion[2];
}

/// A ring whose place and size have been checked.
struct change_ring {
  change_ring_header* header = nullptr;
  change_cell* cells = nullptr;
  std::uint64_t capacity = 0;

  /// Nothing (no header) when the bytes at `at` cannot be one.
  [[nodiscard]] static change_ring at(const image& img, offset at) noexcept;
  [[nodiscard]] static constexpr std::uint64_t bytes(
      std::uint64_t capacity) noexcept {
    return sizeof(change_ring_header) + capacity * sizeof(change_cell);
  }
  [[nodiscard]] change_cell& cell(std::uint64_t position) const noexcept {
    return cells[position % capacity];
  }
};

/// Gives the object a log of at least `entries`, or none with 0. Requires: its
/// lock, an open journal. Throws as `transaction::take`; too_large above
/// `changes_max`.
void keep_changes(transaction& txn, root& object, std::uint64_t entries);

/// Is a log kept of what the operation under way changes? One look at a line
/// that the transaction writes anyway.
[[nodiscard]] inline bool is_observed(const transaction& txn) noexcept {
  const auto outermost = txn.subject().outermost;
  // relaxed: ours by the lock. The directory's changes have no subject.
  return outermost != 0 && change_ring_of(txn.img().root_at(outermost))
                                   .load(std::memory_order_relaxed) != 0;
}
/// Adds an entry about `object`, the operation's own container. Throws
/// `damaged`, transaction_full.
[[gnu::cold]] void add_change(transaction& txn, const root& object,
                              change_kind kind, const void* key,
                              std::size_t bytes);

/// For whoever changes a container, behind the change or before it.
inline void note_key(transaction& txn, const root& object, change_kind kind,
                     const void* key, std::size_t bytes) {
  if (is_observed(txn)) [[unlikely]]
    add_change(txn, object, kind, key, bytes);
}
inline void note_elements(transaction& txn, const root& object,
                          change_kind kind, std::uint64_t index,
                          std::uint64_t count) {
  if (count != 0 && is_observed(txn)) [[unlikely]] {
    const std::array<std::uint64_t, 2> range{index, count};
    add_change(txn, object, kind, range.data(), sizeof range);
  }
}
inline void note_whole(transaction& txn, const root& object) {
  if (is_observed(txn)) [[unlikely]]
    add_change(txn, object, change_kind::replaced, nullptr, 0);
}

}  // namespace memory
}  // namespace commy
