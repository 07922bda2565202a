#include <commy/memory/change_ring.hpp>

#include <cstring>

namespace commy::memory {
namespace {

/// Words of a cell behind its sequence: all, and those of its first line.
constexpr std::uint64_t words_all = 15;
constexpr std::uint64_t words_near = 7;
constexpr std::size_t key_near = 32;

}  // namespace

change_ring change_ring::at(const image& img, offset at) noexcept {
  change_ring found;
  if (at % 8 != 0 || !img.holds(at, sizeof(change_ring_header))) return found;
  auto* const header = reinterpret_cast<change_ring_header*>(img.bytes(at));
  // Copied before it is checked. relaxed: the caller validates.
  const auto capacity = header->capacity.load(std::memory_order_relaxed);
  if (capacity == 0 || capacity > changes_max ||
      !img.holds(at, bytes(capacity))) {
    return found;
  }
  found.header = header;
  found.cells = reinterpret_cast<change_cell*>(
      img.bytes(at + sizeof(change_ring_header)));
  found.capacity = capacity;
  return found;
}

void keep_changes(transaction& txn, root& object, std::uint64_t entries) {
  auto& img = txn.img();
  auto& link = change_ring_of(object);
  const auto old = link.load(std::memory_order_relaxed);
  std::uint64_t kept = 0;
  if (old != 0) {
    const auto ring = change_ring::at(img, old);
    if (ring.header == nullptr) throw write_failed{write_error::damaged};
    kept = ring.capacity;
  }
  if (entries > changes_max) {
    throw write_failed{{write_error::too_large, {{}, changes_max, entries}}};
  }
  if (entries == kept || (entries != 0 && entries < kept)) return;
  txn.touch(object.sequence);
  offset fresh = 0;
  if (entries != 0) {
    fresh = txn.take(change_ring::bytes(entries));
    for (std::uint64_t i = 0; i < change_ring::bytes(entries); i += 8) {
      // relaxed: aside; nobody sees it before the object turns even.
      img.word(fresh + i).store(0, std::memory_order_relaxed);
    }
    auto& header = *reinterpret_cast<change_ring_header*>(img.bytes(fresh));
    // Odd, never undone, and moved by each transaction.
    header.id.store(object.sequence.load(std::memory_order_relaxed),
                    std::memory_order_relaxed);
    header.capacity.store(entries, std::memory_order_relaxed);
    header.next.store(1, std::memory_order_relaxed);
  }
  txn.store(link, fresh);
  if (old != 0) txn.drop(old);
}

void add_change(transaction& txn, const root& object, change_kind kind,
                const void* key, std::size_t bytes) {
  const auto about = txn.subject();
  if (about.unlinked) return;
  auto& img = txn.img();
  auto& outer = img.root_at(about.outermost);
  const auto ring = change_ring::at(
      img, change_ring_of(outer).load(std::memory_order_relaxed));
  if (ring.header == nullptr) throw write_failed{write_error::damaged};
  std::array<std::uint64_t, 2> nested{};
  if (about.level != 0) {
    // Handles compare their place with it; the way down from the outermost
    // key is the operation's caller's to know.
    nested = {img.offset_of(&object),
              object.generation.load(std::memory_order_relaxed)};
    kind = change_kind::beneath;
    key = nested.data();
    bytes = sizeof nested;
  }
  const bool cut = bytes > change_key_max;
  if (cut) bytes = 0;
  std::array<std::uint64_t, change_key_max / 8> words{};
  if (bytes != 0) std::memcpy(words.data(), key, bytes);

  txn.touch(outer.sequence);
  // relaxed, here and below: ours by the lock; readers check the cell's unit.
  const auto position = ring.header->next.load(std::memory_order_relaxed);
  auto& cell = ring.cell(position);
  const auto far_words = bytes > key_near;
  if ((cell.sequence.load(std::memory_order_relaxed) & 1U) == 0) {
    txn.touch(cell.sequence);
    txn.save(img.offset_of(&cell.position), far_words ? words_all : words_near);
    txn.store(ring.header->next, position + 1);
  } else {
    // This transaction has come round the whole ring: what was there before it
    // is logged, and so is the old `next`. So a million changes log no more
    // than a ring holds.
    if (far_words) {
      txn.save(img.offset_of(&cell.position) + 8 * words_near,
               words_all - words_near);
    }
    ring.header->next.store(position + 1, std::memory_order_relaxed);
  }
  cell.position.store(position, std::memory_order_relaxed);
  // The number that the object's sequence comes to with this transaction.
  cell.version.store(outer.sequence.load(std::memory_order_relaxed) / 2 + 1,
                     std::memory_order_relaxed);
  cell.what.store(static_cast<std::uint64_t>(kind) | std::uint64_t{cut} << 8U |
                      std::uint64_t{bytes} << 16U,
                  std::memory_order_relaxed);
  for (std::size_t i = 0; 8 * i < bytes; ++i)
    cell.key[i].store(words[i], std::memory_order_relaxed);
}

}  // namespace commy::memory
