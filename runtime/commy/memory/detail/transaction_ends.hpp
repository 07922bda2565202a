// commy/memory/detail/transaction_ends.hpp: how a transaction begins and ends.
// Inline: its calls would cost more than what they do.
#pragma once

#include <commy/memory/engine.hpp>

namespace commy {

[[gnu::always_inline]] inline void transaction::lock(
    memory::offset root, std::chrono::nanoseconds patience) {
  auto& lane = *lane_;
  // relaxed: advice; a poisoned segment only refuses from now on.
  if (lane.held == memory::held_locks ||
      img().header().poisoned.load(std::memory_order_relaxed) != 0)
      [[unlikely]] {
    refuse_lock();
  }
  // The cell is written before the CAS, so that whoever sweeps this lane
  // finds the lock however soon we die after taking it.
  const auto nth = lane.held;
  lane.record->held[nth].store(root, std::memory_order_relaxed);
  lane.held = nth + 1;
  fence::compiler();
  auto& word = img().root_at(root).lock;
  std::uint64_t unlocked = 0;
  // acquire, pairs with [unlock]: the last holder's bytes come first.
  if (!word.compare_exchange_strong(unlocked, lane.self.raw,
                                    std::memory_order_acquire,
                                    std::memory_order_relaxed)) [[unlikely]] {
    lock_with_patience(root, word, patience);
  }
}

[[gnu::always_inline]] inline void transaction::begin() noexcept {
  auto& lane = *lane_;
  auto& record = *lane.record;
  lane.log_words = 0;
  lane.units_seen = 0;
  lane.blocks_seen = 0;
  lane.open = true;
  record.log_used.store(0, std::memory_order_relaxed);
  fence::compiler();
  record.state.store(static_cast<std::uint64_t>(memory::journal_state::active),
                     std::memory_order_relaxed);
  fence::compiler();
}

[[gnu::always_inline]] inline void transaction::commit() noexcept {
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

[[gnu::always_inline]] inline void transaction::finish(bool forward) noexcept {
  auto& lane = *lane_;
  if (forward && lane.blocks_seen == 0 &&
      lane.units_seen <= lane.units.size()) {
    // What finish_journal() does when the log has undo and units alone.
    for (std::uint32_t i = 0; i < lane.units_seen; ++i) {
      memory::detail::settle(*lane.units[i]);
    }
  } else {
    finish_by_log(forward);
  }
  fence::compiler();
  if (memory::planted == memory::planted_bug::unlock_before_idle) unlock_all();
  lane.record->state.store(
      static_cast<std::uint64_t>(memory::journal_state::idle),
      std::memory_order_relaxed);
  fence::compiler();
  lane.open = false;
  unlock_all();
}

[[gnu::always_inline]] inline void transaction::unlock_last(
    memory::lane& lane) noexcept {
  const auto last = lane.held - 1;
  const auto root = lane.record->held[last].load(std::memory_order_relaxed);
  auto& word = lane.img->root_at(root).lock;
  // An exchange would wait for all that this transaction has stored. When
  // nobody waits a store will do; a waiter whose bit it overwrites finds out,
  // see engine::raise_waiters(). relaxed: only that bit can be new.
  if (word.load(std::memory_order_relaxed) == lane.self.raw) [[likely]] {
    // [unlock] release: our bytes come before the free lock.
    word.store(0, std::memory_order_release);
  } else {
    engine_->unlock(word, root, 0);
  }
  lane.held = last;
}

[[gnu::always_inline]] inline void transaction::unlock_all() noexcept {
  auto& lane = *lane_;
  while (lane.held > 0)
    unlock_last(lane);
  // What is left of the dead ones that stood in our way: it takes as long as
  // they had blocks, and nobody waits for it.
  if (swept_) [[unlikely]] {
    swept_ = false;
    engine_->recover_all();
  }
}

}  // namespace commy
