// commy/memory/bare_block.hpp: blocks of a segment outside of any object.
#pragma once

#include <commy/memory/engine.hpp>
#include <commy/memory/loan_error.hpp>
#include <commy/memory/loan_handle.hpp>
#include <commy/memory/loan_words.hpp>
#include <commy/memory/page_owners.hpp>
#include <commy/memory/slabs.hpp>

#include <cstddef>
#include <span>

namespace commy::memory {

/// A bare block's life; `a` is the participant that took it:
///
///     FREE(g) -> OWNED(a, g+1) -> CACHED(a, g+2) -> OWNED(a, g+2) -> ...
///                OWNED(a, g) -> RETURNED(a, g) -> OWNED(a, g+1)
///                any of a's -> FREE, one generation on
///
/// An atomic read-modify-write costs more than all else that taking a block
/// needs, so a lane takes and gives back the blocks of slabs that prefer it by
/// plain stores. That is sound because nobody else moves a word that names its
/// participant there, but for OWNED -> RETURNED, by compare-and-swap: should
/// both give the block back at once, a mistake of the program, it ends CACHED,
/// with the same one owner, and no third one has had it in between. Elsewhere
/// every step is a compare-and-swap. A death leaves any of these words to the
/// sweep of `a`. What a lane keeps for itself is bounded by its magazine.
///
/// Blocks up to the biggest size class lie in slabs; larger ones are runs of
/// pages, whose head's word goes FREE -> OWNED -> FREE.

/// Everything but the way of a thread that has blocks at hand.
[[gnu::noinline, gnu::cold]] result<loan_handle, loan_error> allocate_slowly(
    engine& owner, std::uint64_t bytes);
/// Takes back any block, or says why not.
[[gnu::noinline]] result<void, loan_error> deallocate_any(engine& owner,
                                                          loan_handle handle);

/// Takes a FREE or RETURNED block, which others may try to take or return at
/// the same time. Empty when it is neither.
[[gnu::noinline]] block_word take_shared(const lane& mine, shared_u64& word,
                                         block_word now) noexcept;

/// Takes a block out of the lane's magazine; empty when there is none.
[[gnu::always_inline]] inline loan_handle take_ready(
    lane& mine, std::uint32_t cls) noexcept {
  auto& list = mine.slabs_of({block_kind::bare, cls});
  auto& ready = list.ready;
  while (!ready.empty()) {
    const auto entry = ready.pop();
    auto& word = mine.word(entry.word);
    // acquire, pairs with the release of whoever freed or returned it: its
    // last user is done.
    block_word now{word.load(std::memory_order_acquire)};
    if ((now.raw ^ mine.cached) >> offset_bits == 0) [[likely]] {
      now.raw ^= mine.cached ^ mine.owned;
      word.store(now.raw, std::memory_order_relaxed);
    } else {
      now = take_shared(mine, word, now);
      if (now.raw == 0) continue;
    }
    mine.recent_bare = list.foreign ? nullptr : &list;
    return {entry.low, now.raw ^ mine.word_to_high};
  }
  return {};
}

/// A block at hand, or empty. Inlined by force, as give_back_recent(): with the
/// size known it is 50 instructions, with the call's frame twice that.
[[gnu::always_inline]] inline loan_handle take_at_hand(
    engine& owner, std::uint64_t bytes) noexcept {
  auto* const mine = owner.lane_at_hand();
  const auto cls = class_for(bytes);
  if (mine == nullptr || cls >= size_class_count ||
      // relaxed: advice; a poisoned segment only refuses from now on.
      mine->header().poisoned.load(std::memory_order_relaxed) != 0)
      [[unlikely]] {
    return {};
  }
  return take_ready(*mine, cls);
}

/// Stores CACHED if the word says that the block is on loan to this lane's
/// participant under `handle`. Requires: the slab prefers this lane.
inline bool keep_own(const lane& mine, shared_u64& word,
                     loan_handle handle) noexcept {
  // relaxed, both: nobody else moves this word, see above. Owner, generation
  // and segment at once.
  if ((word.load(std::memory_order_relaxed) ^ handle.high) !=
      mine.word_to_high) {
    return false;
  }
  // From the handle, which is at hand, not from the word, which is still on its
  // way: one wait less for each block that is taken and given back.
  word.store(mine.cached | ((handle.high + 1) & block_word::generation_mask),
             std::memory_order_relaxed);
  return true;
}

/// Gives back what was taken last and given back since, newest first. False,
/// with nothing done, for any other block.
[[gnu::always_inline]] inline bool give_back_recent(
    engine& owner, loan_handle handle) noexcept {
  auto* const mine = owner.lane_at_hand();
  if (mine == nullptr || mine->recent_bare == nullptr) [[unlikely]] {
    return false;
  }
  auto& ready = mine->recent_bare->ready;
  const auto* const last = ready.just_popped(handle.low);
  if (last == nullptr || !keep_own(*mine, mine->word(last->word), handle))
      [[unlikely]] {
    return false;
  }
  ready.unpop();
  return true;
}

/// See segment::bytes_of().
[[nodiscard]] std::span<std::byte> bytes_of(engine& owner,
                                            loan_handle handle) noexcept;

}  // namespace commy::memory
