#include <commy/memory/engine.hpp>
#include <commy/memory/slabs.hpp>
#include <commy/memory/transaction.hpp>

#include <algorithm>
#include <span>

namespace commy {

using memory::lock_word;
using memory::offset;
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

bool transaction::is_out_of_order(offset root) const noexcept {
  const auto& record = *lane_->record;
  // relaxed: this lane's own cells.
  const auto is_behind = [&](const memory::shared_u64& cell) {
    return cell.load(std::memory_order_relaxed) > root;
  };
  const auto held = std::span{record.held}.first(lane_->held);
  return std::ranges::any_of(held, is_behind) ||
         std::ranges::any_of(record.guards, is_behind);
}

failure_detail transaction::who_waits(offset root,
                                      memory::lane_index holder) const {
  failure_detail detail;
  detail.text.append("holder: lane ")
      .append(std::to_string(holder))
      .append(engine_->lane_text(holder))
      .append(is_out_of_order(root)
                  ? "; tried only, being out of order, by lane "
                  : "; waited for by lane ")
      .append(std::to_string(lane_->index))
      .append(engine_->lane_text(lane_->index));
  return detail;
}

void transaction::lock_slowly(offset root, memory::shared_u64& word,
                              std::chrono::nanoseconds patience) {
  auto& lane = *lane_;
  auto& waiting = lane.record->waiting_for;
  const auto begun = clock::now();
  // Its own guard would be waited for, by us or by the one we wait for.
  if (std::ranges::any_of(lane.record->guards, [&](const auto& cell) {
        // relaxed: this lane's own cells.
        return cell.load(std::memory_order_relaxed) == root;
      })) {
    throw write_failed{write_error::guarded_by_self};
  }
  if (!timed_) wait_until(begun + patience);
  const auto deadline = is_out_of_order(root) ? clock::time_point::min()
                                              : clock::time_point{deadline_};
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
        if (now.guarded()) wait_for_guards(root, word, deadline);
        return;
      }
      continue;
    }
    const auto time = clock::now();
    // Before the name is up: who only tries is not to be taken for a waiter.
    if (time >= deadline) {
      waiting.store(0, std::memory_order_relaxed);
      throw write_failed{{write_error::lock_timeout,
                          who_waits(root, now.lane_plus_one() - 1)}};
    }
    // The name is up before the bit is set: an unlock that sees the bit finds
    // the name. [wait] seq_cst fence between the two stores.
    waiting.store(root, std::memory_order_relaxed);
    fence::full();
    if (!memory::engine::raise_waiters(word, now)) continue;
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

void transaction::wait_for_guards(offset root, memory::shared_u64& word,
                                  clock::time_point deadline) {
  auto& lane = *lane_;
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
      if (mine) throw write_failed{write_error::guarded_by_self};
      throw write_failed{{write_error::guard_timeout, who_waits(root, guard)}};
    }
    engine_->system().park(lane.index, lane.record->park, seen,
                           probe_pause(begun, time, deadline));
    swept_ |= engine_->recover_lane(guard, memory::engine::phases::first);
  }
}

void transaction::abort() noexcept {
  if (!engine_->usable()) return;
  if (lane_->open) {
    finish(false);
  } else {
    unlock_all();
  }
}

void transaction::finish_by_log(bool forward) noexcept {
  auto& lane = *lane_;
  if (!lane.kept.empty()) [[unlikely]] {
    if (!forward) give_back_kept();
    lane.kept.clear();
  }
  memory::finish_journal(
      *lane.img, *lane.record, memory::log_reader{*lane.img, *lane.record},
      forward, [&lane](offset word) {
        auto kind = memory::block_kind::plain;
        const auto place = memory::block_of_word(*lane.img, word, kind);
        if (place) memory::put_back(lane, place, kind);
      });
  if (lane.log_extents != 0) lane.rewind_log();
}

void transaction::unlock_and_wake(memory::shared_u64& word,
                                  offset root) noexcept {
  engine_->unlock(word, root, 0);
}

void transaction::refuse_lock() const {
  if (lane_->held == memory::held_locks) {
    throw write_failed{
        {write_error::too_many_objects,
         {{}, memory::held_locks, std::uint64_t{memory::held_locks} + 1}}};
  }
  throw write_failed{write_error::poisoned};
}

void transaction::lock_with_patience(offset root, memory::shared_u64& word,
                                     std::chrono::nanoseconds patience) {
  auto& lane = *lane_;
  try {
    lock_slowly(root, word, patience);
  } catch (...) {
    --lane.held;
    throw;
  }
}

void transaction::append(std::uint64_t head, const std::uint64_t* payload,
                         std::uint64_t words) {
  reserve_log(words + 1);
  auto* const at = lane_->log + lane_->log_words;
  for (std::uint64_t i = 0; i < words; ++i)
    at[i].store(payload[i], std::memory_order_relaxed);
  at[words].store(head, std::memory_order_relaxed);
  count_record(words + 1);
}

void transaction::append_block(record_kind kind, std::uint64_t place,
                               std::uint64_t word) {
  lane_->blocks_seen = 1;
  append(memory::record_head(kind, 1, place), &word, 1);
}

void transaction::save_many(offset at, std::uint64_t words) {
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
