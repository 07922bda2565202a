// The allocating half of a transaction: blocks from slabs, runs of pages.
#include <commy/memory/engine.hpp>
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

void cache_free(lane& lane, offset word) noexcept {
  const auto page_bytes = lane.img->sizes().page_bytes;
  const auto base = word - word % page_bytes;
  const page_word page{
      lane.img->page(base / page_bytes).load(std::memory_order_relaxed)};
  const auto cls = static_cast<std::uint32_t>(page.count() & 0xffU);
  const auto kind = page.count() >> 8U;
  if (page.state() != page_state::slab || cls >= size_class_count || kind > 2) {
    return;
  }
  auto& ready = lane.slabs[kind][cls].ready;
  if (ready.full()) {
    // relaxed: a hint for the next scan of this slab, by whomever.
    reinterpret_cast<slab_header*>(lane.img->bytes(base))
        ->dirty.store(1, std::memory_order_relaxed);
    return;
  }
  const auto shape = lane.img->shape(cls);
  const auto number = (word - base - 64) / 8;
  ready.push({base + shape.first + number * shape.block_bytes, word});
}

namespace {

/// Puts free blocks of one slab into the magazine. True if any was found.
/// `all`: also where nobody has given a block back since the last scan.
bool scan_slab(const image& img, std::uint64_t page, slab_use use,
               magazine& ready, bool all = false) noexcept {
  const auto base = page * img.sizes().page_bytes;
  auto& dirty = reinterpret_cast<slab_header*>(img.bytes(base))->dirty;
  if (!all && dirty.load(std::memory_order_relaxed) == 0) return false;
  // relaxed, then a full fence: a block freed after our look at its word sets
  // the flag after we cleared it.
  dirty.store(0, std::memory_order_relaxed);
  fence::full();
  const auto shape = img.shape(use.cls);
  bool found = false;
  for (std::uint32_t i = 0; i < shape.count; ++i) {
    if (ready.full()) {
      dirty.store(1, std::memory_order_relaxed);
      break;
    }
    const auto word = base + 64 + 8ULL * i;
    const block_word now{img.word(word).load(std::memory_order_relaxed)};
    if (now.state() == block_state::free) {
      ready.push(
          {base + shape.first + std::uint64_t{i} * shape.block_bytes, word});
      found = true;
    }
  }
  return found;
}

/// Adds slabs that others made since the last look. True if any is of `use`.
bool discover_slabs(lane& lane, slab_use use) {
  const auto& img = *lane.img;
  bool found = false;
  const auto pages = img.page_count();
  for (; lane.pages_seen < pages; ++lane.pages_seen) {
    // acquire, pairs with [slab]: its words are zeroed before.
    const page_word page{
        img.page(lane.pages_seen).load(std::memory_order_acquire)};
    if (page.state() != page_state::slab) continue;
    const auto cls = page.count() & 0xffU;
    const auto kind = page.count() >> 8U;
    if (cls >= size_class_count || kind > 2) continue;
    auto& list = lane.slabs[kind][cls].pages;
    if (std::find(list.begin(), list.end(), lane.pages_seen) == list.end()) {
      list.push_back(lane.pages_seen);
    }
    found |= page.count() == use.packed();
  }
  return found;
}

/// First page of `count` free ones in a row inside one chunk, or 0. Call under
/// the page lock: then heads and counts stand still but for frees.
std::uint64_t find_free_pages(const image& img, std::uint64_t count) noexcept {
  const auto per_chunk = img.sizes().chunk_pages();
  const auto pages = img.page_count();
  for (std::uint64_t chunk = 0; chunk < pages; chunk += per_chunk) {
    const auto end = std::min<std::uint64_t>(pages, chunk + per_chunk);
    std::uint64_t free = 0;
    for (auto p = chunk + 1; p < end;) {
      // acquire, pairs with the release that freed the run.
      const page_word page{img.page(p).load(std::memory_order_acquire)};
      switch (page.state()) {
        case page_state::free:
          ++p;
          if (++free == count) return p - count;
          break;
        case page_state::reserved:
        case page_state::live:
        case page_state::dropped:
          free = 0;
          p += std::max<std::uint64_t>(1, page.count());
          break;
        default:
          free = 0;
          ++p;
      }
    }
  }
  return 0;
}

}  // namespace
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
        return entry.block;
      }
      lane_->log_words -= 2;
      lane_->record->log_used.store(lane_->log_words * 8,
                                    std::memory_order_relaxed);
    }
    refill(use);
  }
  throw write_failed{write_error::damaged};
}

void transaction::refill(slab_use use) {
  auto& list = lane_->slabs_of(use);
  const auto& image = img();
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < list.pages.size(); ++i) {
      list.cursor = (list.cursor + 1) % list.pages.size();
      if (memory::scan_slab(image, list.pages[list.cursor], use, list.ready)) {
        return;
      }
    }
    if (!memory::discover_slabs(*lane_, use)) break;
  }
  const memory::page_lock lock{*engine_};
  auto page = memory::find_free_pages(image, 1);
  if (page == 0) {
    // Before the segment grows: pages that became slabs behind our back, and
    // blocks that only the magazines of lanes that are gone knew to be free.
    lane_->pages_seen = 0;
    memory::discover_slabs(*lane_, use);
    for (const auto known : list.pages) {
      if (memory::scan_slab(image, known, use, list.ready, true)) return;
    }
    engine_->grow(image.sizes().page_bytes);
    page = memory::find_free_pages(image, 1);
    // The new pages began with a chunk's head: one more.
    if (page == 0) {
      engine_->grow(image.sizes().page_bytes);
      page = memory::find_free_pages(image, 1);
    }
    if (page == 0) throw write_failed{write_error::out_of_space};
  }
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
  reinterpret_cast<memory::slab_header*>(image.bytes(base))
      ->dirty.store(1, std::memory_order_relaxed);
  if (use.kind != block_kind::plain) {
    // A root's lock and sequences go on from its block's last life, so the
    // first one begins at zero.
    const auto end = base + image.sizes().page_bytes;
    for (auto at = base + shape.first; at < end; at += 8) {
      image.word(at).store(0, std::memory_order_relaxed);
    }
  }
  // [slab] release: whoever sees a slab sees its zeroed words. From here on
  // the intent in the log names a word that is no longer RESERVED.
  word.store(
      page_word::make(page_state::slab, 0, mine.generation(), use.packed()).raw,
      std::memory_order_release);
  list.pages.push_back(page);
  memory::scan_slab(image, page, use, list.ready);
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
  const memory::page_lock lock{*engine_};
  auto page = memory::find_free_pages(image, pages);
  // At most: fill up this chunk, begin the next, in steps that may be short.
  for (int tries = 0; page == 0; ++tries) {
    if (tries == 64) throw write_failed{write_error::out_of_space};
    engine_->grow(pages * sizes.page_bytes);
    page = memory::find_free_pages(image, pages);
  }
  auto& word = image.page(page);
  const page_word now{word.load(std::memory_order_relaxed)};
  const auto mine = page_word::make(page_state::reserved, lane_->index + 1,
                                    now.generation() + 1, pages);
  append_block(record_kind::run_taken, page, mine.raw);
  word.store(mine.raw, std::memory_order_relaxed);
  fence::release();  // [take]
  return page * sizes.page_bytes;
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
  const auto place = memory::find_block(image, at, kind);
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
