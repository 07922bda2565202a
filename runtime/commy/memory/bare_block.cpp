#include <commy/memory/bare_block.hpp>

namespace commy::memory {
namespace {

bool fits_slab(const image& img, std::uint32_t cls) noexcept {
  return cls < size_class_count &&
         class_bytes(cls) <= img.sizes().page_bytes / 4;
}

/// Generations of pages have 24 bits.
loan_handle handle_of(const image& img, std::uint64_t page, page_word word) {
  return loan_handle::make(segment_number(img), page << img.page_shift(),
                           word.generation());
}

result<loan_handle, loan_error> allocate_run(engine& owner,
                                             std::uint64_t bytes) {
  auto& img = owner.img();
  const auto& sizes = img.sizes();
  const auto most =
      std::uint64_t{sizes.chunk_bytes} - 2 * std::uint64_t{sizes.page_bytes};
  if (bytes > most) {
    failure_detail detail;
    detail.wanted = bytes;
    detail.found = most;
    return unexpected{loan_error::too_large, detail};
  }
  const auto pages = (bytes + sizes.page_bytes - 1) >> img.page_shift();
  const page_lock lock{owner};
  const auto page = owner.find_pages(pages);
  auto& word = img.page(page);
  const page_word now{word.load(std::memory_order_relaxed)};
  const auto mine = page_word::make(page_state::owned, owner.slot() + 1,
                                    now.generation() + 1, pages);
  note_owner(img, page, owner.slot());
  // No intent: this one store both takes the run and says for whom, and the
  // page lock keeps others from doing so. acquire by the lock.
  word.store(mine.raw, std::memory_order_relaxed);
  fence::release();  // [take]
  return handle_of(img, page, mine);
}

/// The word of the bare run at `handle`, as it is now; null when it is none.
shared_u64* run_word(const image& img, loan_handle handle,
                     page_word& now) noexcept {
  const auto at = handle.block();
  const auto page = at >> img.page_shift();
  if (at != img.page_base(at) || page == 0 || page >= img.page_count()) {
    return nullptr;
  }
  auto& word = img.page(page);
  now = page_word{word.load(std::memory_order_acquire)};
  const bool named = now.state() == page_state::owned &&
                     now.generation() == handle.generation();
  return named ? &word : nullptr;
}

/// Does the slab prefer a lane of this owner (participant plus one)? Then that
/// lane may store into the word at any time, and only it moves the word on.
bool is_home_of(const image& img, const block_place& place,
                std::uint32_t owner) noexcept {
  if (place.preferred == 0) return false;
  const auto* const lane = img.lane(place.preferred - 1);
  if (lane == nullptr) return false;
  const lane_word word{lane->word.load(std::memory_order_acquire)};
  return word.state() == lane_state::leased &&
         word.participant_plus_one() == owner;
}

}  // namespace

result<loan_handle, loan_error> allocate_slowly(engine& owner,
                                                std::uint64_t bytes) try {
  const lane_scope lane{owner, owner.patience()};
  auto& mine = owner.my_lane();
  if (mine.img->header().poisoned.load(std::memory_order_relaxed) != 0) {
    return unexpected{loan_error::poisoned};
  }
  const auto cls = class_for(bytes);
  if (!fits_slab(*mine.img, cls)) return allocate_run(owner, bytes);
  // As in transaction::take(): a thousand lost rounds are no race.
  for (int round = 0; round < 1000; ++round) {
    if (const auto made = take_ready(mine, cls)) return made;
    stock(owner, mine, {block_kind::bare, cls});
  }
  return unexpected{loan_error::damaged};
} catch (const write_failed& failed) {
  return unexpected{loan_error_of(failed.why.code()), failed.why.detail()};
}

block_word take_shared(const lane& mine, shared_u64& word,
                       block_word now) noexcept {
  const bool ours =
      now.state() == block_state::returned && now.owner() == mine.slot + 1;
  const auto taken = owned_by(mine.slot, now.generation() + 1);
  // acquire, as in take_ready().
  if ((now.state() == block_state::free || ours) &&
      word.compare_exchange_strong(now.raw, taken.raw,
                                   std::memory_order_acquire,
                                   std::memory_order_relaxed)) {
    return taken;
  }
  return {};
}

result<void, loan_error> deallocate_any(engine& owner, loan_handle handle) try {
  const auto& img = owner.img();
  const lane_scope lane{owner, owner.patience()};
  auto& mine = owner.my_lane();
  if (handle.segment() != segment_number(img)) {
    return unexpected{loan_error::wrong_segment};
  }
  const auto place = find_block(img, handle.block(), block_kind::bare);
  if (place && place.preferred == mine.index + 1) {
    auto& list = mine.slabs_of({block_kind::bare, place.cls});
    if (!list.ready.full() && keep_own(mine, img.word(place.word), handle)) {
      list.ready.push(mine.entry_of(place.block, place.word));
      return {};
    }
  }
  page_word run;
  if (auto* const word = run_word(img, handle, run)) {
    if (!word->compare_exchange_strong(run.raw, run.freed().raw,
                                       std::memory_order_release,
                                       std::memory_order_relaxed)) {
      return unexpected{loan_error::stale};
    }
    return {};
  }
  if (!place) return unexpected{loan_error::stale};
  block_word now{img.word(place.word).load(std::memory_order_relaxed)};
  if (now.state() != block_state::owned ||
      now.generation() != handle.generation()) {
    return unexpected{loan_error::stale};
  }
  if (place.preferred == mine.index + 1 && now.owner() == mine.slot + 1) {
    // The magazine is full. release, pairs with the acquire in take_ready().
    img.word(place.word).store(now.freed().raw, std::memory_order_release);
    note_own_free(mine, mine.slabs_of({block_kind::bare, place.cls}), place);
    return {};
  }
  const auto next = is_home_of(img, place, now.owner())
                        ? block_word::make(block_state::returned, now.owner(),
                                           now.generation())
                        : now.freed();
  if (!step_loan(img, place, now, next)) return unexpected{loan_error::stale};
  note_free(img, place);
  return {};
} catch (const write_failed& failed) {
  return unexpected{loan_error_of(failed.why.code()), failed.why.detail()};
}

std::span<std::byte> bytes_of(engine& owner, loan_handle handle) noexcept {
  const auto& img = owner.img();
  if (!owner.usable() || handle.segment() != segment_number(img)) return {};
  if (const auto place = find_block(img, handle.block(), block_kind::bare)) {
    // acquire: whoever passed the handle on has written the block before.
    const block_word now{img.word(place.word).load(std::memory_order_acquire)};
    if (now.state() != block_state::owned ||
        now.generation() != handle.generation()) {
      return {};
    }
    return {img.bytes(place.block), place.bytes};
  }
  page_word run;
  if (run_word(img, handle, run) == nullptr) return {};
  const auto bytes = run.count() << img.page_shift();
  if (!img.holds(handle.block(), bytes)) return {};
  return {img.bytes(handle.block()), bytes};
}

}  // namespace commy::memory
