// The allocating half of a transaction: blocks from slabs, runs of pages.
#include <commy/memory/engine.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/page_owners.hpp>
#include <commy/memory/slabs.hpp>
#include <commy/memory/transaction.hpp>

#include <algorithm>

namespace commy {

using memory::block_kind;
using memory::block_state;
using memory::block_word;
using memory::magazine;
using memory::offset;
using memory::page_state;
using memory::page_word;
using memory::record_kind;
using memory::slab_use;
using memory::write_failed;

namespace memory {

std::uint64_t engine::free_pages(std::uint64_t count) noexcept {
  const auto per_chunk = image_.sizes().chunk_pages();
  const auto pages = image_.page_count();
  const auto chunks = (pages + per_chunk - 1) / per_chunk;
  // From the chunk that had room last: a search from the start would cost a
  // look at each page for every slab of a large segment.
  for (std::uint64_t n = 0; n < chunks; ++n) {
    const auto chunk = (roomy_chunk_ + n) % chunks * per_chunk;
    const auto end = std::min<std::uint64_t>(pages, chunk + per_chunk);
    std::uint64_t free = 0;
    for (auto p = chunk + 1; p < end;) {
      // acquire, pairs with the release that freed the run.
      const page_word page{image_.page(p).load(std::memory_order_acquire)};
      free = page.state() == page_state::free ? free + 1 : 0;
      p += page.heads_run() ? std::max<std::uint64_t>(1, page.count()) : 1;
      if (free == count) {
        roomy_chunk_ = chunk / per_chunk;
        return p - count;
      }
    }
  }
  return 0;
}

std::uint64_t engine::find_pages(std::uint64_t count) {
  auto page = free_pages(count);
  if (page != 0) return page;
  try {
    // At most: fill up this chunk, begin the next, in steps that may be short.
    for (int tries = 0; tries < 64; ++tries) {
      grow(count << image_.page_shift());
      page = free_pages(count);
      if (page != 0) return page;
    }
    throw write_failed{write_error::out_of_space};
  } catch (const write_failed&) {
    page = detach_runs(*this, count);
    if (page == 0) throw;
    return page;
  }
}

void stock(engine& owner, lane& mine, slab_use use) {
  if (auto* const open = owner.open_transaction()) {
    // The new slab's intent goes to that journal; a slab stays in any case.
    open->stock(use);
    return;
  }
  // A single operation is at work in this lane, below its caller's callback.
  if (mine.open) throw write_failed{write_error::transaction_full};
  transaction own{owner, mine};
  own.begin();
  try {
    own.stock(use);
    own.commit();
  } catch (...) {
    own.abort();
    throw;
  }
}

}  // namespace memory

offset transaction::take(std::uint64_t bytes, block_kind kind) {
  const auto cls = memory::class_for(bytes);
  const auto& sizes = img().sizes();
  // Small geometries have slabs too small for the large classes.
  if (cls >= memory::size_class_count ||
      memory::class_bytes(cls) > sizes.page_bytes / 4) {
    if (kind != block_kind::plain) throw write_failed{write_error::too_large};
    return take_run((bytes + sizes.page_bytes - 1) / sizes.page_bytes);
  }
  const slab_use use{kind, cls};
  auto& ready = lane_->slabs_of(use).ready;
  // Before a block leaves the magazine, which alone knows that it is free.
  reserve_log(2);
  // Each refill finds free blocks that others may take before us; a thousand
  // lost rounds in a row are no race but a segment whose bytes lie.
  for (int round = 0; round < 1000; ++round) {
    while (!ready.empty()) {
      const auto entry = ready.pop();
      auto& word = img().word(entry.word);
      block_word now{word.load(std::memory_order_relaxed)};
      if (now.state() != block_state::free) continue;
      const auto mine = now.reserved_by(lane_->index);
      // The intent comes before the CAS: a block that is ours is in the log.
      append_block(record_kind::block_taken, entry.word, mine.raw);
      // acquire, pairs with [free-block].
      if (word.compare_exchange_strong(now.raw, mine.raw,
                                       std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
        // [take] pairs with the reader's acquire fence: who sees our first
        // store into the block sees that the unit which pointed here before
        // has turned odd or moved on.
        fence::release();
        return entry.block();
      }
      lane_->log_words -= 2;
      lane_->record->log_used.store(lane_->log_words * 8,
                                    std::memory_order_relaxed);
    }
    refill(use);
  }
  throw write_failed{write_error::damaged};
}

std::uint64_t transaction::page_for_slab(slab_use use) {
  const auto& image = img();
  auto page = engine_->free_pages(1);
  if (page != 0) return page;
  // Before the segment grows: pages that became slabs behind our back, and
  // blocks that only the magazines of lanes that are gone knew to be free.
  if (memory::restock_fully(*lane_, use)) return 0;
  try {
    // New pages may begin with a chunk's head: one more.
    for (int tries = 0; page == 0 && tries < 2; ++tries) {
      engine_->grow(image.sizes().page_bytes);
      page = engine_->free_pages(1);
    }
    if (page != 0) return page;
    throw write_failed{write_error::out_of_space};
  } catch (const write_failed&) {
    if (memory::restock_from_others(*lane_, use)) return 0;
    page = memory::detach_runs(*engine_, 1);
    if (page == 0) throw;
    return page;
  }
}

void transaction::refill(slab_use use) {
  auto& list = lane_->slabs_of(use);
  const auto& image = img();
  if (!list.ready.prepared()) {
    list.ready.prepare(magazine::room_for(image.shape(use.cls).block_bytes));
  }
  const bool large = memory::is_large(use.cls);
  // Who wants a descriptor has looked for one.
  if (!large && memory::restock(*lane_, use)) return;
  // Roots are few: not worth a slab for each lane that makes an object.
  if (use.kind == block_kind::root &&
      memory::restock_from_others(*lane_, use)) {
    return;
  }
  reserve_log(2);
  const memory::page_lock lock{*engine_};
  const auto page = page_for_slab(use);
  if (page == 0) return;
  auto& word = image.page(page);
  const page_word now{word.load(std::memory_order_relaxed)};
  const auto mine = page_word::make(page_state::reserved, lane_->index + 1,
                                    now.generation() + 1, 1);
  append_block(record_kind::run_taken, page, mine.raw);
  word.store(mine.raw, std::memory_order_relaxed);
  fence::release();  // [take]
  const auto shape = image.shape(use.cls);
  const auto base = page * image.sizes().page_bytes;
  // FREE, generation 0; the page may have been part of a run before.
  for (std::uint32_t i = 0; i < shape.count; ++i) {
    image.word(base + 64 + 8ULL * i).store(0, std::memory_order_relaxed);
  }
  image.slab(base).dirty.store(1, std::memory_order_relaxed);
  if (use.kind == block_kind::root || use.kind == block_kind::loan) {
    // A root's lock and sequences go on from its block's last life, so the
    // first one begins at zero.
    const auto end = base + image.sizes().page_bytes;
    for (auto at = base + shape.first; at < end; at += 8) {
      image.word(at).store(0, std::memory_order_relaxed);
    }
  }
  if (memory::is_lent_out(use.kind)) {
    memory::note_owner(image, page, lane_->slot);
  }
  // [slab] release: whoever sees a slab sees its zeroed words. From here on
  // the intent in the log names a word that is no longer RESERVED.
  word.store(page_word::make(page_state::slab, lane_->index + 1,
                             mine.generation(), use.packed())
                 .raw,
             std::memory_order_release);
  memory::add_slab(*lane_, use, page);
  // Popped in ascending order; the rest is found by the dirty flag, or of
  // descriptors one by one, when there is a run for it.
  const auto ready = large ? 1
                           : std::min({shape.count, magazine::refill_max,
                                       magazine::room_for(shape.block_bytes)});
  for (auto i = ready; i-- > 0;) {
    list.ready.push(lane_->entry_of(
        base + shape.first + std::uint64_t{i} * shape.block_bytes,
        base + 64 + 8ULL * i));
  }
  if (ready < shape.count && !large) list.returned.push_back({page, ready});
}

offset transaction::take_run(std::uint64_t pages) {
  const auto& image = img();
  const auto& sizes = image.sizes();
  // A run does not cross a chunk, whose first page holds the page words.
  if (pages >= sizes.chunk_pages()) {
    throw write_failed{
        {write_error::too_large,
         {{}, sizes.chunk_bytes - sizes.page_bytes, pages * sizes.page_bytes}}};
  }
  reserve_log(2);
  const memory::page_lock lock{*engine_};
  const auto page = engine_->find_pages(pages);
  auto& word = image.page(page);
  const page_word now{word.load(std::memory_order_relaxed)};
  const auto mine = page_word::make(page_state::reserved, lane_->index + 1,
                                    now.generation() + 1, pages);
  append_block(record_kind::run_taken, page, mine.raw);
  word.store(mine.raw, std::memory_order_relaxed);
  fence::release();  // [take]
  return page * sizes.page_bytes;
}

/// Claims the next extent, in an order that a death may cut anywhere: the
/// record first, as for every run; then the claim, DROPPED at once, so that the
/// free pass gives it back whichever way the transaction ends; then the place
/// where it is found; and only when `log_used` has passed the end of the part
/// below does anybody look there.
void transaction::extend_log() {
  auto& lane = *lane_;
  const auto& sizes = img().sizes();
  const auto k = lane.log_extents;
  if (k == memory::log_extents) {
    throw write_failed{write_error::transaction_full};
  }
  const auto end = memory::part_begin(sizes, k + 1);
  offset extent = 0;
  const auto count = [&](std::uint64_t payload, std::uint64_t head) {
    lane.log[lane.log_words].store(payload, std::memory_order_relaxed);
    lane.log[lane.log_words + 1].store(head, std::memory_order_relaxed);
    count_record(2);
  };
  {
    const memory::page_lock lock{*engine_};
    const auto pages = memory::extent_pages(sizes, k);
    const auto page = engine_->find_pages(pages);
    auto& word = img().page(page);
    const page_word now{word.load(std::memory_order_relaxed)};
    const auto mine = page_word::make(page_state::reserved, lane.index + 1,
                                      now.generation() + 1, pages);
    lane.blocks_seen = 1;
    // Into the slack that each part keeps for this.
    count(mine.raw, memory::record_head(record_kind::run_taken, 1, page));
    word.store(mine.made_dropped().raw, std::memory_order_relaxed);
    fence::release();  // [take]
    extent = page << img().page_shift();
    lane.record->extents[k].store(extent, std::memory_order_relaxed);
  }
  fence::compiler();
  if (const auto left = end - lane.log_words; left > 0) {
    lane.log[end - 1].store(memory::record_head(record_kind::skip, left - 1, 0),
                            std::memory_order_relaxed);
    count_record(left);
  }
  // By numbers: the log's first word, were it there, lies in no array.
  lane.log = reinterpret_cast<memory::shared_u64*>(
      reinterpret_cast<std::uintptr_t>(img().bytes(extent)) - 8 * end);
  lane.log_words_max = memory::part_begin(sizes, k + 2) - memory::log_slack;
  lane.log_extents = k + 1;
}

void transaction::drop(offset at, block_kind kind) {
  const auto& image = img();
  const auto page_bytes = image.sizes().page_bytes;
  if (at % page_bytes == 0) {
    const auto page = at / page_bytes;
    if (page >= image.page_count()) throw write_failed{write_error::damaged};
    auto& word = image.page(page);
    const page_word now{word.load(std::memory_order_relaxed)};
    if (now.state() == page_state::live) {
      append_block(record_kind::run_freed, page, now.raw);
    } else if (now.state() == page_state::reserved &&
               now.owner() == lane_->index + 1) {
      // relaxed: the word stays ours until the transaction ends.
      word.store(now.made_dropped().raw, std::memory_order_relaxed);
    } else {
      throw write_failed{write_error::damaged};
    }
    return;
  }
  const auto place = memory::find_held(image, at, kind);
  if (!place) throw write_failed{write_error::damaged};
  auto& word = image.word(place.word);
  const block_word now{word.load(std::memory_order_relaxed)};
  if (now.state() == block_state::live) {
    // Deferred: were it free before the commit, a rollback would restore a
    // pointer to somebody else's block (research A3).
    append_block(record_kind::block_freed, place.word, now.raw);
  } else if (now.state() == block_state::reserved &&
             now.owner() == lane_->index + 1) {
    // Taken by this very transaction. Not free before its end: the log may
    // hold records about words inside, and another lane would take it at once.
    // relaxed: the word stays ours until then.
    word.store(now.made_dropped().raw, std::memory_order_relaxed);
  } else {
    throw write_failed{write_error::damaged};
  }
}

std::uint64_t transaction::bytes_at(offset at, block_kind kind) const noexcept {
  const auto& image = img();
  const auto page_bytes = image.sizes().page_bytes;
  if (at % page_bytes == 0) {
    const auto page = at / page_bytes;
    if (page >= image.page_count()) return 0;
    const page_word now{image.page(page).load(std::memory_order_relaxed)};
    return now.heads_run() ? now.count() * page_bytes : 0;
  }
  return memory::find_block(image, at, kind).bytes;
}

}  // namespace commy
