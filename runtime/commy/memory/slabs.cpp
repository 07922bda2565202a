#include <commy/base/fence.hpp>
#include <commy/memory/page_owners.hpp>
#include <commy/memory/slabs.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

using known_slab = slab_list::known_slab;

/// Whether a block is to be had. A lane's own slabs may hold bare blocks that
/// others returned, or that it kept and forgot; in slabs of other kinds these
/// states are lies, and whoever takes there would look again for ever.
bool is_ready(block_word now, const lane& mine, block_kind kind,
              bool own) noexcept {
  if (now.state() == block_state::free) return true;
  return own && kind == block_kind::bare && now.owner() == mine.slot + 1 &&
         (now.state() == block_state::returned ||
          now.state() == block_state::cached);
}

/// Puts free blocks of one slab into the empty magazine. True if any was found.
/// `all`: also where nobody has given a block back since the last scan. `own`:
/// the slab prefers this lane.
bool scan_slab(lane& mine, known_slab& slab, slab_use use, bool all,
               bool own = true) noexcept {
  if (is_large(use.cls)) return scan_spare(mine, slab, use);
  const auto& img = *mine.img;
  auto& list = mine.slabs_of(use);
  auto& ready = list.ready;
  if (ready.empty()) list.foreign = false;
  list.foreign |= !own;
  const auto base = slab.page << img.page_shift();
  auto& dirty = img.slab(base).dirty;
  if (!all && dirty.load(std::memory_order_relaxed) == 0) return false;
  // relaxed, then a full fence: a block freed after our look at its word sets
  // the flag after we cleared it.
  dirty.store(0, std::memory_order_relaxed);
  fence::full();
  if (is_lent_out(use.kind)) note_owner(img, slab.page, mine.slot);
  const auto& shape = img.shape(use.cls);
  bool found = false;
  for (std::uint32_t n = 0; n < shape.count; ++n) {
    if (ready.stocked()) {
      dirty.store(1, std::memory_order_relaxed);
      break;
    }
    const auto i = slab.next;
    slab.next = i + 1 < shape.count ? i + 1 : 0;
    const auto word = base + 64 + 8ULL * i;
    if (is_ready({img.word(word).load(std::memory_order_relaxed)}, mine,
                 use.kind, own)) {
      ready.push(mine.entry_of(
          base + shape.first + std::uint64_t{i} * shape.block_bytes, word));
      found = true;
    }
  }
  return found;
}

bool is_leased(const image& img, lane_index index) noexcept {
  const auto* const record = img.lane(index);
  return record != nullptr &&
         lane_word{record->word.load(std::memory_order_relaxed)}.state() ==
             lane_state::leased;
}

/// Makes this lane the one that looks into a slab first, if nobody does.
bool adopt(const image& img, std::uint64_t index, page_word page,
           lane_index mine) noexcept {
  if (page.owner() != 0 && is_leased(img, page.owner() - 1)) return false;
  // relaxed: the owner is a hint, all else of the word stays.
  return img.page(index).compare_exchange_strong(
      page.raw,
      page_word::make(page_state::slab, mine + 1, page.generation(),
                      page.count())
          .raw,
      std::memory_order_relaxed);
}

void forget_slabs(lane& mine) noexcept {
  for (auto& list : mine.slabs) {
    list.own.clear();
    list.others.clear();
    list.returned.clear();
    list.cursor = 0;
  }
  mine.pages_seen = 0;
}

/// Looks at all of the lane's slabs in turn, from where it stopped last.
bool scan_own(lane& mine, slab_use use, bool all) noexcept {
  auto& list = mine.slabs_of(use);
  for (std::size_t n = 0; n < list.own.size(); ++n) {
    if (list.cursor >= list.own.size()) list.cursor = 0;
    if (scan_slab(mine, list.own[list.cursor], use, all)) {
      return true;
    }
    ++list.cursor;
  }
  return false;
}

/// Slabs whose blocks this lane itself gave back when its magazine was full.
bool scan_returned(lane& mine, slab_use use) noexcept {
  auto& list = mine.slabs_of(use);
  while (!list.returned.empty()) {
    auto& slab = list.returned.back();
    const auto base = slab.page << mine.img->page_shift();
    const bool found = scan_slab(mine, slab, use, false);
    // Still dirty: there is more, for the next time.
    const bool more =
        mine.img->slab(base).dirty.load(std::memory_order_relaxed) != 0;
    if (!found || !more) list.returned.pop_back();
    if (found) return true;
  }
  return false;
}

}  // namespace

bool scan_spare(lane& mine, known_slab& slab, slab_use use) noexcept {
  const auto& img = *mine.img;
  auto& ready = mine.slabs_of(use).ready;
  if (ready.full()) return false;
  const auto base = slab.page << img.page_shift();
  const auto& shape = img.shape(use.cls);
  note_owner(img, slab.page, mine.slot);
  for (std::uint32_t i = 0; i < shape.count; ++i) {
    const auto word = base + 64 + 8ULL * i;
    // relaxed: a look; whoever takes the block proves it.
    if (block_word{img.word(word).load(std::memory_order_relaxed)}.state() ==
        block_state::free) {
      ready.push(mine.entry_of(
          base + shape.first + std::uint64_t{i} * shape.block_bytes, word));
      return true;
    }
  }
  return false;
}

void discover_slabs(lane& mine) {
  const auto& img = *mine.img;
  const auto pages = img.page_count();
  const bool from_start = mine.pages_seen == 0;
  for (; mine.pages_seen < pages; ++mine.pages_seen) {
    // acquire, pairs with [slab]: its words are zeroed before.
    const page_word page{
        img.page(mine.pages_seen).load(std::memory_order_acquire)};
    if (page.state() != page_state::slab) continue;
    if (!slab_use::is_one(page.count())) continue;
    const auto use = slab_use::of(page.count());
    const bool mine_already = page.owner() == mine.index + 1;
    // Slabs that this lease made are in the list.
    if (mine_already && !from_start) continue;
    if (mine_already || adopt(img, mine.pages_seen, page, mine.index)) {
      add_slab(mine, use, mine.pages_seen);
      mine.look_again[use.cls] = true;
    } else {
      mine.slabs_of(use).others.push_back({mine.pages_seen, 0});
    }
  }
}

block_place block_of_word(const image& img, offset word,
                          block_kind& kind) noexcept {
  const auto base = img.page_base(word);
  const page_word page{
      img.page(base >> img.page_shift()).load(std::memory_order_relaxed)};
  if (page.state() != page_state::slab || !slab_use::is_one(page.count())) {
    return {};
  }
  kind = slab_use::of(page.count()).kind;
  const auto cls = slab_use::of(page.count()).cls;
  const auto& shape = img.shape(cls);
  const auto number = (word - base - 64) / 8;
  return {base + shape.first + number * shape.block_bytes, word,
          shape.block_bytes, cls, page.owner()};
}

void add_slab(lane& mine, slab_use use, std::uint64_t page) {
  auto& list = mine.slabs_of(use);
  list.own.push_back({page, 0});
  // So that put_back() never allocates.
  if (list.returned.capacity() < list.own.size()) {
    list.returned.reserve(2 * list.own.size());
  }
}

bool restock(lane& mine, slab_use use) {
  if (scan_returned(mine, use)) return true;
  discover_slabs(mine);
  auto& hint = mine.record->returned;
  // Without the hint a lane with thousands of full slabs would look at the
  // header of each whenever its magazine is empty.
  if (hint.load(std::memory_order_relaxed) == 0 && !mine.look_again[use.cls]) {
    return false;
  }
  if (hint.exchange(0, std::memory_order_relaxed) != 0) {
    mine.look_again.fill(true);
  }
  if (scan_own(mine, use, false)) return true;
  mine.look_again[use.cls] = false;
  return false;
}

bool restock_fully(lane& mine, slab_use use) {
  forget_slabs(mine);
  discover_slabs(mine);
  return scan_own(mine, use, true);
}

bool restock_from_others(lane& mine, slab_use use) {
  auto& list = mine.slabs_of(use);
  for (auto& slab : list.others) {
    if (scan_slab(mine, slab, use, true, false)) return true;
  }
  return false;
}

}  // namespace commy::memory
