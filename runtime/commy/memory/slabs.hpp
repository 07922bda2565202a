// commy/memory/slabs.hpp: where a lane finds free blocks, and puts them back.
#pragma once

#include <commy/memory/lane.hpp>
#include <commy/memory/page_owners.hpp>

namespace commy::memory {

/// Tells whoever prefers this slab that a block in it has become free. Only
/// hints are written, so it may be repeated, lost, or overtaken.
inline void note_free(const image& img, const block_place& place) noexcept {
  auto& dirty = img.slab(img.page_base(place.word)).dirty;
  // Looked at first: the lines are not fetched for writing when the hint
  // stands already. relaxed: the block's word is the truth.
  if (dirty.load(std::memory_order_relaxed) != 0) return;
  dirty.store(1, std::memory_order_relaxed);
  if (place.preferred == 0) return;
  auto* const lane = img.lane(place.preferred - 1);
  if (lane != nullptr) lane->returned.store(1, std::memory_order_relaxed);
}

/// Remembers that this lane has just freed a block in a slab that it prefers,
/// for which its magazine has no room.
inline void note_own_free(lane& mine, slab_list& list,
                          const block_place& place) noexcept {
  auto& dirty = mine.img->slab(mine.img->page_base(place.word)).dirty;
  // relaxed: a hint.
  if (dirty.load(std::memory_order_relaxed) != 0) return;
  dirty.store(1, std::memory_order_relaxed);
  // Room was made when the slab was found, unless somebody lies about hints.
  if (list.returned.size() < list.returned.capacity()) {
    list.returned.push_back({place.block >> mine.img->page_shift(), 0});
  } else {
    mine.record->returned.store(1, std::memory_order_relaxed);
  }
}

/// Keeps a block that this lane has just freed for its next use. Blocks of
/// slabs that another lane prefers go back to that one.
inline void put_back(lane& mine, const block_place& place,
                     block_kind kind) noexcept {
  if (place.preferred != mine.index + 1) {
    note_free(*mine.img, place);
    return;
  }
  // The slab may be that of an earlier lease of the lane, and the block have
  // been a topic's or an object's.
  if (is_lent_out(kind)) {
    note_owner(*mine.img, place.block >> mine.img->page_shift(), mine.slot);
  }
  auto& list = mine.slabs_of({kind, place.cls});
  if (list.ready.full()) {
    note_own_free(mine, list, place);
  } else {
    list.ready.push(mine.entry_of(place.block, place.word));
  }
}

/// The block whose word lies at `word`; none when no slab has one there.
block_place block_of_word(const image& img, offset word,
                          block_kind& kind) noexcept;

/// Fills the magazine for `use` from slabs that this lane prefers, or that
/// nobody does any more. False when they are full.
bool restock(lane& mine, slab_use use);
/// The same without trust in hints: looks at every block of the lane's slabs.
/// Cost: all page words, all block words of these slabs.
bool restock_fully(lane& mine, slab_use use);
/// The last resort: from slabs of others, too. Requires: `restock_fully` came
/// before.
bool restock_from_others(lane& mine, slab_use use);
/// Takes note of slabs that have appeared since this lane last looked. Cost: a
/// look at the pages that have come since.
void discover_slabs(lane& mine);
/// Puts the lowest free descriptor of a slab into the magazine, see
/// loan_run.hpp: those ever used are the slab's first. False for none.
bool scan_spare(lane& mine, slab_list::known_slab& slab, slab_use use) noexcept;
/// Takes note of a slab that this lane has just made.
void add_slab(lane& mine, slab_use use, std::uint64_t page);

}  // namespace commy::memory
