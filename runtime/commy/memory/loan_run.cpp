#include <commy/base/fence.hpp>
#include <commy/memory/engine.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/page_owners.hpp>

namespace commy::memory {
namespace {

loan_descriptor& descriptor_at(const image& img,
                               const block_place& place) noexcept {
  return *reinterpret_cast<loan_descriptor*>(img.bytes(place.block));
}

page_word attached(run_name name, std::uint64_t pages) noexcept {
  return page_word::make(page_state::loan, 0, name.generation(), pages);
}

/// The name in a descriptor, if a run is attached under it.
run_name attached_name(const image& img, const block_place& place) noexcept {
  const run_name name{
      descriptor_at(img, place).run.load(std::memory_order_relaxed)};
  const auto pages = img.run_pages(place.cls);
  const auto page = name.page();
  if (name.raw == 0 || page >= img.page_count()) return {};
  // A run lies in one chunk, behind its head: also when somebody lies.
  const auto in_chunk = page & (img.chunk_pages() - 1);
  if (in_chunk == 0 || in_chunk + pages > img.chunk_pages() ||
      page + pages > img.page_count()) {
    return {};
  }
  // relaxed, as above: who owns the descriptor has acquired its word, whose
  // earlier owner attached the run before it released that.
  return img.page(page).load(std::memory_order_relaxed) ==
                 attached(name, pages).raw
             ? name
             : run_name{};
}

/// Frees the run. Requires: nobody else uses the descriptor.
void free_run(const image& img, const block_place& place,
              run_name name) noexcept {
  auto expected = attached(name, img.run_pages(place.cls));
  // release, pairs with the acquire in free_pages(): its last user is done.
  img.page(name.page())
      .compare_exchange_strong(expected.raw, expected.freed().raw,
                               std::memory_order_release,
                               std::memory_order_relaxed);
  fence::compiler();
  descriptor_at(img, place).run.store(0, std::memory_order_relaxed);
}

/// True if the descriptor was free and had a run, which is free now.
bool detach_run(const image& img, slot_index me,
                const block_place& place) noexcept {
  auto& word = img.word(place.word);
  block_word now{word.load(std::memory_order_relaxed)};
  if (now.state() != block_state::free || attached_name(img, place).raw == 0) {
    return false;
  }
  note_owner(img, place.word >> img.page_shift(), me);
  const auto mine = owned_by(me, now.generation() + 1);
  // acquire, pairs with the release that freed it.
  if (!word.compare_exchange_strong(now.raw, mine.raw,
                                    std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
    return false;
  }
  // Again: it may have been another's for a moment.
  const auto name = attached_name(img, place);
  if (name.raw != 0) free_run(img, place, name);
  static_cast<void>(free_loan(img, place, mine));
  return name.raw != 0;
}

/// Puts free descriptors of one slab into the magazine, those with runs. They
/// are handed out lowest first, so one that was never used ends the search.
bool scan_runs(lane& mine, slab_list::known_slab& slab, slab_use use) {
  const auto& img = *mine.img;
  auto& ready = mine.slabs_of(use).ready;
  const auto base = slab.page << img.page_shift();
  const auto& shape = img.shape(use.cls);
  note_owner(img, slab.page, mine.slot);
  const auto begin = slab.next;
  auto i = begin;
  bool found = false;
  bool came_round = false;
  do {
    const auto at = base + 64 + 8ULL * i;
    // relaxed: a look; whoever takes the block proves it.
    const block_word now{img.word(at).load(std::memory_order_relaxed)};
    const block_place place{
        base + shape.first + std::uint64_t{i} * shape.block_bytes, at,
        shape.block_bytes, use.cls, 0};
    const bool is_ready = now.state() == block_state::free && now.raw != 0 &&
                          attached_name(img, place).raw != 0;
    // Those behind will be looked at when these are used up.
    if (found && (!is_ready || ready.stocked())) break;
    if (is_ready) {
      ready.push(mine.entry_of(place.block, place.word));
      found = true;
    }
    const bool ends = now.raw == 0 || i + 1 == shape.count;
    if (ends && came_round) break;
    came_round = came_round || ends;
    i = ends ? 0 : i + 1;
  } while (i != begin);
  slab.next = i;
  return found;
}

}  // namespace

loan_room room_of(const image& img, const block_place& place) noexcept {
  if (!is_large(place.cls)) {
    if (!has_tail(place)) return {};
    return {place.block, place.bytes - sizeof(loan_tail)};
  }
  const auto name = attached_name(img, place);
  if (name.raw == 0) return {};
  return {name.page() << img.page_shift(),
          std::uint64_t{img.run_pages(place.cls)} << img.page_shift()};
}

std::uint32_t loan_class_for(const image& img, std::uint64_t bytes) noexcept {
  const auto cls = class_for(bytes + sizeof(loan_tail));
  const auto page_bytes = img.sizes().page_bytes;
  if (cls < size_class_count && class_bytes(cls) <= page_bytes / 4) {
    return cls;
  }
  return large_class_for((bytes + page_bytes - 1) >> img.page_shift(),
                         img.sizes());
}

void attach_run(engine& owner, const block_place& descriptor) {
  const auto& img = owner.img();
  const auto pages = img.run_pages(descriptor.cls);
  const page_lock lock{owner};
  const auto page = owner.find_pages(pages);
  auto& word = img.page(page);
  const page_word now{word.load(std::memory_order_relaxed)};
  const auto fresh =
      planted == planted_bug::run_named_twice ? now : now.freed();
  const auto name = run_name::make(page, fresh.generation() + 1);
  // relaxed and compiler order, all three: against our own death alone. Others
  // are kept away by the page lock and by the descriptor's word.
  word.store(fresh.raw, std::memory_order_relaxed);
  fence::compiler();
  if (planted == planted_bug::run_before_its_name) {
    word.store(attached(name, pages).raw, std::memory_order_relaxed);
    fence::compiler();
  }
  descriptor_at(img, descriptor).run.store(name.raw, std::memory_order_relaxed);
  fence::compiler();
  word.store(attached(name, pages).raw, std::memory_order_relaxed);
  fence::release();  // [take]
}

page_word kept_run(const image& img, const block_place& descriptor,
                   lane_index lane) noexcept {
  const auto name = attached_name(img, descriptor);
  if (name.raw == 0) return {};
  return page_word::make(page_state::reserved, lane + 1, name.generation() + 1,
                         img.run_pages(descriptor.cls));
}

void part_run(const image& img, const block_place& descriptor,
              page_word kept) noexcept {
  auto& run = descriptor_at(img, descriptor).run;
  const run_name name{run.load(std::memory_order_relaxed)};
  // relaxed and compiler order, here and below: as in attach_run().
  img.page(name.page()).store(kept.raw, std::memory_order_relaxed);
  fence::compiler();
  run.store(0, std::memory_order_relaxed);
  fence::compiler();
}

bool is_parted(const image& img, std::uint64_t page, page_word kept) noexcept {
  // relaxed: the lane's own, or not what it was.
  const auto now = img.page(page).load(std::memory_order_relaxed);
  return now == kept.raw || now == kept.made_dropped().raw;
}

void rejoin_run(const image& img, const block_place& descriptor,
                std::uint64_t page, page_word kept) noexcept {
  const auto name = run_name::make(page, kept.generation() + 1);
  descriptor_at(img, descriptor).run.store(name.raw, std::memory_order_relaxed);
  fence::compiler();
  img.page(page).store(attached(name, kept.count()).raw,
                       std::memory_order_relaxed);
  fence::compiler();
}

void forget_lost_run(const image& img, const block_place& descriptor) noexcept {
  auto& run = descriptor_at(img, descriptor).run;
  if (run.load(std::memory_order_relaxed) != 0 &&
      attached_name(img, descriptor).raw == 0) {
    run.store(0, std::memory_order_relaxed);
  }
}

std::uint64_t detach_runs(engine& owner, std::uint64_t count) {
  const auto& img = owner.img();
  std::uint64_t found = 0;
  bool any = false;
  for_each_descriptor(
      img,
      [&](const block_place& place) {
        any = detach_run(img, owner.slot(), place) || any;
      },
      [&] {
        if (any) found = owner.free_pages(count);
        any = false;
        return found != 0;
      });
  return found;
}

void detach_all_runs(const image& img) noexcept {
  for_each_descriptor(
      img,
      [&](const block_place& place) {
        const block_word word{
            img.word(place.word).load(std::memory_order_relaxed)};
        const auto name = attached_name(img, place);
        if (word.state() != block_state::free) return;
        if (name.raw != 0) free_run(img, place, name);
        forget_lost_run(img, place);  // Of one who was cut off in here.
      },
      [] { return false; });
}

bool restock_runs(lane& mine, slab_use use) {
  auto& list = mine.slabs_of(use);
  if (!list.ready.prepared()) list.ready.prepare(magazine::refill_max);
  discover_slabs(mine);
  for (std::size_t n = 0; n < list.own.size(); ++n) {
    if (list.cursor >= list.own.size()) list.cursor = 0;
    if (scan_runs(mine, list.own[list.cursor], use)) return true;
    ++list.cursor;
  }
  for (auto& slab : list.others) {
    if (scan_runs(mine, slab, use)) return true;
  }
  return false;
}

bool restock_spare(lane& mine, slab_use use) {
  for (auto& slab : mine.slabs_of(use).own) {
    if (scan_spare(mine, slab, use)) return true;
  }
  return false;
}

}  // namespace commy::memory
