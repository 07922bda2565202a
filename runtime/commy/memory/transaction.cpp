#include <commy/memory/engine.hpp>
#include <commy/memory/slabs.hpp>
#include <commy/memory/transaction.hpp>

#include <algorithm>

namespace commy {

using memory::lock_word;
using memory::offset;
using memory::planted_bug;
using memory::record_kind;
using memory::write_failed;
using namespace std::chrono_literals;

namespace {

/// How long to sleep before the holder is probed again: every 0.5 ms for the
/// first 10 ms, because a dead holder is repaired within the wait of the first
/// one who notices; then every 10 ms, because a probe is a system call.
std::chrono::nanoseconds probe_pause(transaction::clock::time_point begun,
                                     transaction::clock::time_point now,
                                     transaction::clock::time_point deadline) {
  const std::chrono::nanoseconds slice = now - begun < 10ms ? 500us : 10ms;
  return std::min<std::chrono::nanoseconds>(slice, deadline - now);
}

}  // namespace

bool transaction::holds(offset root) const noexcept {
  for (std::uint32_t i = 0; i < lane_->held; ++i) {
    // relaxed: this lane's own cell.
    if (lane_->record->held[i].load(std::memory_order_relaxed) == root) {
      return true;
    }
  }
  return false;
}

void transaction::lock(offset root, std::chrono::nanoseconds patience) {
  auto& lane = *lane_;
  if (lane.held == memory::held_locks) {
    throw write_failed{write_error::too_many_objects};
  }
  // relaxed: advice; a poisoned segment only refuses from now on.
  if (img().header().poisoned.load(std::memory_order_relaxed) != 0) {
    throw write_failed{write_error::poisoned};
  }
  // The cell is written before the CAS, so that whoever sweeps this lane
  // finds the lock however soon we die after taking it.
  lane.record->held[lane.held].store(root, std::memory_order_relaxed);
  ++lane.held;
  lane.record->held_count.store(lane.held, std::memory_order_relaxed);
  fence::compiler();
  auto& word = img().root_at(root).lock;
  std::uint64_t unlocked = 0;
  // acquire, pairs with [unlock]: the last holder's bytes come first.
  if (!word.compare_exchange_strong(unlocked, lane.self.raw,
                                    std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
    try {
      lock_slowly(root, word, patience);
    } catch (...) {
      --lane.held;
      lane.record->held_count.store(lane.held, std::memory_order_relaxed);
      throw;
    }
  }
}

void transaction::lock_slowly(offset root, memory::shared_u64& word,
                              std::chrono::nanoseconds patience) {
  auto& lane = *lane_;
  auto& waiting = lane.record->waiting_for;
  const auto begun = clock::now();
  if (!deadline_) deadline_ = begun + patience;
  const auto deadline = *deadline_;
  for (;;) {
    // acquire, pairs with the add in unpark: a wake after this look is seen.
    const auto seen = lane.record->park.load(std::memory_order_acquire);
    lock_word now{word.load(std::memory_order_relaxed)};
    if (!now.locked()) {
      // acquire, pairs with [unlock]; keeps the guarded bit for the scan below
      // and the waiters bit for those who wait for a change.
      if (word.compare_exchange_strong(
              now.raw,
              lane.self.raw |
                  (now.raw & (lock_word::waiters_bit | lock_word::guarded_bit)),
              std::memory_order_acquire, std::memory_order_relaxed)) {
        waiting.store(0, std::memory_order_relaxed);
        if (now.guarded()) wait_for_guards(root, word);
        return;
      }
      continue;
    }
    // The name is up before the bit is set: an unlock that sees the bit finds
    // the name. [wait] seq_cst fence between the two stores.
    waiting.store(root, std::memory_order_relaxed);
    fence::full();
    if (!now.waiters() &&
        !word.compare_exchange_strong(now.raw, now.raw | lock_word::waiters_bit,
                                      std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
      continue;
    }
    const auto time = clock::now();
    if (time >= deadline) {
      waiting.store(0, std::memory_order_relaxed);
      failure_detail detail;
      detail.text.append("holder: lane ")
          .append(std::to_string(now.lane_plus_one() - 1))
          .append(engine_->holder_text(now));
      throw write_failed{{write_error::lock_timeout, detail}};
    }
    engine_->system().park(lane.index, lane.record->park, seen,
                           probe_pause(begun, time, deadline));
    // Died, perhaps between unlocking and waking us, or while holding.
    swept_ |=
        engine_->recover_holder(lock_word{word.load(std::memory_order_relaxed)},
                                memory::engine::phases::first);
    // relaxed: as in lock(). A dead holder whose journal makes no sense keeps
    // its lock for ever, so there is nothing to wait for.
    if (img().header().poisoned.load(std::memory_order_relaxed) != 0) {
      waiting.store(0, std::memory_order_relaxed);
      throw write_failed{write_error::poisoned};
    }
  }
}

void transaction::wait_for_guards(offset root, memory::shared_u64& word) {
  auto& lane = *lane_;
  const auto deadline = *deadline_;
  auto& waiting = lane.record->waiting_for;
  const auto begun = clock::now();
  waiting.store(root, std::memory_order_relaxed);
  for (;;) {
    const auto seen = lane.record->park.load(std::memory_order_acquire);
    // Dekker with guard::hold: our CAS on the word is before this scan, its
    // store of the cell before its look at the word; one sees the other.
    fence::full();
    const auto guard = engine_->find_guard(root, lane.index);
    if (guard == memory::engine::no_guard) {
      // relaxed: only this holder and guards that yield look at the bit.
      word.fetch_and(~lock_word::guarded_bit, std::memory_order_relaxed);
      waiting.store(0, std::memory_order_relaxed);
      return;
    }
    const auto time = clock::now();
    const bool mine = guard == memory::engine::own_guard;
    if (mine || time >= deadline) {
      waiting.store(0, std::memory_order_relaxed);
      engine_->unlock(word, root, lock_word::guarded_bit);
      throw write_failed{
          {mine ? write_error::guarded_by_self : write_error::guard_timeout,
           mine ? "" : engine_->lane_text(guard)}};
    }
    engine_->system().park(lane.index, lane.record->park, seen,
                           probe_pause(begun, time, deadline));
    swept_ |= engine_->recover_lane(guard, memory::engine::phases::first);
  }
}

void transaction::begin() noexcept {
  auto& record = *lane_->record;
  lane_->log_words = 0;
  lane_->units_seen = 0;
  lane_->blocks_seen = false;
  record.log_used.store(0, std::memory_order_relaxed);
  fence::compiler();
  record.state.store(static_cast<std::uint64_t>(memory::journal_state::active),
                     std::memory_order_relaxed);
  fence::compiler();
  lane_->open = true;
}

void transaction::commit() noexcept {
  // In a forked child: what to make of it is the parent's affair.
  if (!engine_->usable()) return;
  fence::compiler();
  // The one store that decides. Only compiler order is needed: the sweep
  // learns of our death through the kernel, which orders memory.
  lane_->record->state.store(
      static_cast<std::uint64_t>(memory::journal_state::committed),
      std::memory_order_relaxed);
  fence::compiler();
  finish(true);
}

void transaction::abort() noexcept {
  if (!engine_->usable()) return;
  if (lane_->open) {
    finish(false);
  } else {
    unlock_all();
  }
}

void transaction::finish(bool forward) noexcept {
  auto& lane = *lane_;
  if (forward && !lane.blocks_seen && lane.units_seen <= lane.units.size()) {
    // What finish_journal() does when the log has undo and units alone.
    for (std::uint32_t i = 0; i < lane.units_seen; ++i) {
      memory::detail::settle(*lane.units[i]);
    }
  } else {
    finish_by_log(forward);
  }
  fence::compiler();
  if (memory::planted == planted_bug::unlock_before_idle) unlock_all();
  lane.record->state.store(
      static_cast<std::uint64_t>(memory::journal_state::idle),
      std::memory_order_relaxed);
  fence::compiler();
  lane.open = false;
  unlock_all();
}

void transaction::finish_by_log(bool forward) noexcept {
  auto& lane = *lane_;
  memory::finish_journal(
      *lane.img, *lane.record, forward, [&lane](offset word) {
        auto kind = memory::block_kind::plain;
        const auto place = memory::block_of_word(*lane.img, word, kind);
        if (place) memory::put_back(lane, place, kind);
      });
}

void transaction::unlock_all() noexcept {
  auto& lane = *lane_;
  while (lane.held > 0) {
    const auto root =
        lane.record->held[lane.held - 1].load(std::memory_order_relaxed);
    engine_->unlock(img().root_at(root).lock, root, 0);
    --lane.held;
    lane.record->held_count.store(lane.held, std::memory_order_relaxed);
  }
  // What is left of the dead ones that stood in our way: it takes as long as
  // they had blocks, and nobody waits for it.
  if (swept_) [[unlikely]] {
    swept_ = false;
    engine_->recover_all();
  }
}

void transaction::reserve_log(std::uint64_t words) const {
  if (lane_->log_words_max - lane_->log_words < words) {
    throw write_failed{write_error::transaction_full};
  }
}

void transaction::append(std::uint64_t head, const std::uint64_t* payload,
                         std::uint64_t words) {
  reserve_log(words + 1);
  auto* const at = lane_->log + lane_->log_words;
  for (std::uint64_t i = 0; i < words; ++i)
    at[i] = payload[i];
  at[words] = head;
  count_record(words + 1);
}

void transaction::append_block(record_kind kind, std::uint64_t place,
                               std::uint64_t word) {
  lane_->blocks_seen = true;
  append(memory::record_head(kind, 1, place), &word, 1);
}

inline void transaction::count_record(std::uint64_t words) noexcept {
  lane_->log_words += words;
  // The record is whole before it counts, and counts before what it undoes is
  // stored. Compiler order suffices (research J1): a kill lands between
  // instructions.
  fence::compiler();
  lane_->record->log_used.store(lane_->log_words * 8,
                                std::memory_order_relaxed);
  fence::compiler();
}

void transaction::touch(memory::shared_u64& sequence) {
  // relaxed: we hold the lock of the object that this sequence belongs to.
  const auto now = sequence.load(std::memory_order_relaxed);
  if ((now & 1U) != 0) return;
  reserve_log(1);
  lane_->log[lane_->log_words] =
      memory::record_head(record_kind::unit, 0, img().offset_of(&sequence));
  count_record(1);
  if (lane_->units_seen < lane_->units.size()) {
    lane_->units[lane_->units_seen] = &sequence;
  }
  ++lane_->units_seen;
  sequence.store(now + 1, std::memory_order_relaxed);
  // [unit-odd] release fence, pairs with the reader's acquire fence: who sees
  // any of our stores into the unit sees that it is odd or has moved on.
  fence::release();
}

void transaction::store(memory::shared_u64& word, std::uint64_t value) {
  // relaxed: ours by the lock; readers check the unit's sequence.
  const auto old = word.load(std::memory_order_relaxed);
  if (memory::planted == planted_bug::store_before_log) {
    word.store(value, std::memory_order_relaxed);
    fence::compiler();
  }
  reserve_log(2);
  lane_->log[lane_->log_words] = old;
  lane_->log[lane_->log_words + 1] =
      memory::record_head(record_kind::undo, 1, img().offset_of(&word));
  count_record(2);
  word.store(value, std::memory_order_relaxed);
}

void transaction::save(offset at, std::uint64_t words) {
  if (words == 1) {
    const auto old = img().word(at).load(std::memory_order_relaxed);
    append(memory::record_head(record_kind::undo, 1, at), &old, 1);
    return;
  }
  while (words > 0) {
    const auto count = std::min<std::uint64_t>(words, memory::record_words_max);
    std::uint64_t old[memory::record_words_max];
    for (std::uint64_t i = 0; i < count; ++i) {
      old[i] = img().word(at + 8 * i).load(std::memory_order_relaxed);
    }
    append(memory::record_head(record_kind::undo, count, at), old, count);
    at += 8 * count;
    words -= count;
  }
}

}  // namespace commy
