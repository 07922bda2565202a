// commy/memory/journal.hpp: a lane's log of undo and redo records.
#pragma once

#include <commy/base/fence.hpp>
#include <commy/memory/log_parts.hpp>

#include <cstdint>
#include <utility>

namespace commy::memory {

/// Kinds of records. A record is `words` payload words and then its head word
/// {kind 8, words 8, place 48}, so the log is read backwards: undo must run
/// newest first, and redo does not care.
enum class record_kind : std::uint8_t {
  undo = 1,         // place: offset of old words; payload: the old words.
  block_taken = 2,  // place: offset of a block word; payload: its RESERVED.
  block_freed = 3,  // place: offset of a block word; payload: its LIVE.
  unit = 4,         // place: offset of a sequence; no payload.
  run_taken = 5,    // place: page index; payload: its RESERVED.
  run_freed = 6,    // place: page index; payload: its LIVE.
  skip = 8,         // Fills the end of a part; payload: anything.
};

/// Longest payload; longer undo is split into several records.
inline constexpr std::uint32_t record_words_max = 64;
/// Words that each part of a log keeps free for the record of the next part's
/// run. What is left behind that is shorter than the longest record.
inline constexpr std::uint32_t log_slack = 2;

/// Requires: `place` has at most 48 bits, as all that lies in a segment.
[[nodiscard]] constexpr std::uint64_t record_head(
    record_kind kind, std::uint64_t words, std::uint64_t place) noexcept {
  return static_cast<std::uint64_t>(kind) << 56U | words << 48U | place;
}

/// Test-only faults that the crash explorer must find. Zero in every product;
/// the explorer sets it in its victim before it begins.
enum class planted_bug : std::uint32_t {
  none = 0,
  store_before_log = 1,
  unlock_before_idle = 2,
  hand_over_before_info = 3,  // A message's loans, before the cell names them.
  carrier_freed_first = 4,    // By a sweep, before the loans it names.
  extent_kept_in_log = 5,     // Given back while `log_used` counts it.
  run_before_its_name = 6,    // Attached before the descriptor names it.
  run_named_twice = 7,        // Attached under the name of a broken off try.
  named_before_evicted = 8,   // A cell's new block, over the old one's name.
  entry_freed_first = 9,      // A subscriber's, before what it held.
};
inline planted_bug planted = planted_bug::none;

/// Ends a transaction whichever way its journal says: the same code serves
/// commit, abort and the sweep of a dead lane, and it may be run again from
/// the start after it was interrupted anywhere. Three passes over the log:
///
///     settle:  COMMITTED: reserved blocks become live.
///              ACTIVE: old words return.
///              Both: then every odd sequence advances to even.
///     free:    deferred frees, dropped blocks; after an abort also what was
///              reserved. Under FREEING_*, and skipped when there is nothing.
///              `log_used` falls below each extent before that is given back,
///              so whoever repeats this never reads what is another's by now.
///
/// Afterwards the state is IDLE, and the caller unlocks. Blocks are freed under
/// a state of their own because a free block may be taken and filled by another
/// lane at once: from then on no word in it may be restored or advanced again.
///
/// `lane` is whose journal it is. Returns false, having changed nothing, when
/// the state or a record makes no sense; the caller poisons the segment.
[[nodiscard]] bool replay(const image& img, lane_index lane,
                          lane_record& record) noexcept;

/// Would `replay` accept this journal? Changes nothing.
[[nodiscard]] bool is_sound_journal(const image& img, lane_index lane,
                                    lane_record& record) noexcept;
/// Of a journal that makes no sense: puts old words back, newest first, up to
/// the first record that cannot be. Returns how many words. For fsck.
std::uint64_t undo_sound_records(const image& img, lane_index lane,
                                 lane_record& record) noexcept;

/// The passes for a log that is known to be sound. Freed blocks are handed to
/// `freed(word offset)` so that they can be cached.
template <class Freed>
void finish_journal(const image& img, lane_record& record,
                    const log_reader& log, bool forward,
                    Freed&& freed) noexcept;

namespace detail {

/// Odd to even. [unit-even] release, pairs with the reader's acquire load of
/// the sequence: whoever sees the even number sees the unit's new bytes.
inline void settle(shared_u64& sequence) noexcept {
  // relaxed: the object's lock is held by the journal's lane.
  const auto now = sequence.load(std::memory_order_relaxed);
  if ((now & 1U) != 0) sequence.store(now + 1, std::memory_order_release);
}

/// Moves a block or page word on if it is still `from`. [free-block] release:
/// whoever takes the block by an acquiring CAS sees the advanced sequences and
/// restored words that came before.
inline bool step_word(shared_u64& word, std::uint64_t from,
                      std::uint64_t to) noexcept {
  // relaxed: only the owner of the block (or the sweep in its name) makes
  // this step, and anybody else's word differs from `from`.
  if (word.load(std::memory_order_relaxed) != from) return false;
  word.store(to, std::memory_order_release);
  return true;
}

/// One record of a log that is read backwards.
struct record_view {
  record_kind kind;
  std::uint64_t words;
  std::uint64_t place;
  const std::uint64_t* payload;
};

/// Calls `each(record)` for the records of a part, newest first.
template <class Each>
void for_each_record(const std::uint64_t* log, std::uint64_t end,
                     Each&& each) noexcept {
  for (auto at = end; at > 0;) {
    const auto head = log[at - 1];
    const auto words = head >> 48U & 0xffU;
    at -= 1 + words;
    each(record_view{static_cast<record_kind>(head >> 56U), words,
                     head & offset_mask, log + at});
  }
}

/// The same for all records of a log.
template <class Each>
void for_each_record(const log_reader& log, Each&& each) noexcept {
  log.for_each_part([&](std::uint32_t /*part*/, const std::uint64_t* words,
                        std::uint64_t count) {
    for_each_record(words, count, each);
    return true;
  });
}

/// First pass. Returns {there are units, there is something to free}.
struct pass_result {
  bool units = false;
  bool frees = false;
};
inline pass_result settle_words(const image& img, const log_reader& log,
                                bool forward) noexcept {
  pass_result found;
  for_each_record(log, [&](const record_view& r) {
    switch (r.kind) {
      case record_kind::undo:
        if (forward) break;
        for (std::uint64_t i = 0; i < r.words; ++i) {
          // relaxed: readers are kept off by the odd sequence.
          img.word(r.place + 8 * i)
              .store(r.payload[i], std::memory_order_relaxed);
        }
        break;
      case record_kind::block_taken: {
        const block_word reserved{r.payload[0]};
        // The one step that can fail: it was dropped, or never taken.
        if (!forward || !step_word(img.word(r.place), reserved.raw,
                                   reserved.made_live().raw)) {
          found.frees = true;
        }
        break;
      }
      case record_kind::run_taken: {
        const page_word reserved{r.payload[0]};
        if (!forward || !step_word(img.page(r.place), reserved.raw,
                                   reserved.made_live().raw)) {
          found.frees = true;
        }
        break;
      }
      case record_kind::block_freed:
      case record_kind::run_freed:
        found.frees |= forward;
        break;
      case record_kind::unit:
        found.units = true;
        break;
      case record_kind::skip:
        break;
    }
  });
  return found;
}

/// Last pass, over one part.
template <class Freed>
void free_blocks(const image& img, const std::uint64_t* log, std::uint64_t end,
                 bool forward, Freed&& freed) noexcept {
  for_each_record(log, end, [&](const record_view& r) {
    if (r.kind == record_kind::block_taken) {
      const block_word mine{r.payload[0]};
      auto& word = img.word(r.place);
      if (step_word(word, mine.made_dropped().raw, mine.freed().raw) ||
          (!forward && step_word(word, mine.raw, mine.freed().raw))) {
        freed(r.place);
      }
    } else if (r.kind == record_kind::run_taken) {
      const page_word mine{r.payload[0]};
      auto& word = img.page(r.place);
      if (!step_word(word, mine.made_dropped().raw, mine.freed().raw) &&
          !forward) {
        step_word(word, mine.raw, mine.freed().raw);
      }
    } else if (r.kind == record_kind::block_freed && forward) {
      if (step_word(img.word(r.place), r.payload[0],
                    block_word{r.payload[0]}.freed().raw)) {
        freed(r.place);
      }
    } else if (r.kind == record_kind::run_freed && forward) {
      step_word(img.page(r.place), r.payload[0],
                page_word{r.payload[0]}.freed().raw);
    }
  });
}

}  // namespace detail

template <class Freed>
void finish_journal(const image& img, lane_record& record,
                    const log_reader& log, bool forward,
                    Freed&& freed) noexcept {
  // relaxed: the own lane's word, or a dead one's, ordered by the kernel.
  const auto state =
      static_cast<journal_state>(record.state.load(std::memory_order_relaxed));
  detail::pass_result found{false, true};
  if (state == journal_state::active || state == journal_state::committed) {
    found = detail::settle_words(img, log, forward);
    fence::compiler();
    if (found.units) {
      detail::for_each_record(log, [&](const detail::record_view& r) {
        if (r.kind == record_kind::unit) detail::settle(img.word(r.place));
      });
    }
    fence::compiler();
    if (found.frees) {
      record.state.store(static_cast<std::uint64_t>(
                             forward ? journal_state::freeing_after_commit
                                     : journal_state::freeing_after_abort),
                         std::memory_order_relaxed);
      fence::compiler();
    }
  }
  if (found.frees) {
    log.for_each_part([&](std::uint32_t part, const std::uint64_t* words,
                          std::uint64_t count) {
      detail::free_blocks(img, words, count, forward, freed);
      if (part != 0 && planted != planted_bug::extent_kept_in_log) {
        fence::compiler();
        record.log_used.store(8 * part_begin(img.sizes(), part),
                              std::memory_order_relaxed);
        fence::compiler();
      }
      return true;
    });
  }
  fence::compiler();
}

}  // namespace commy::memory
