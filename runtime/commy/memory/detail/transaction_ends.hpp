// commy/memory/detail/transaction_ends.hpp: how a transaction begins and ends.
// Inline: its calls would cost more than what they do.
#pragma once

#include <commy/memory/engine.hpp>

namespace commy {

[[gnu::always_inline]] inline void transaction::lock(
    memory::offset root, std::chrono::nanoseconds patience) {
  auto& lane = *lane_;
  auto& object = lane.root_at(root);
  auto& record = *lane.record;
  const auto self = lane.self.raw;
  const auto nth = lane.held;
  // relaxed: advice; a poisoned segment only refuses from now on.
  if (nth == memory::held_locks ||
      lane.header().poisoned.load(std::memory_order_relaxed) != 0)
      [[unlikely]] {
    refuse_lock();
  }
  lane.held = nth + 1;
  // The cell is written before the CAS, so that whoever sweeps this lane
  // finds the lock however soon we die after taking it.
  record.held[nth].store(root, std::memory_order_relaxed);
  fence::compiler();
  std::uint64_t unlocked = 0;
  // acquire, pairs with [unlock]: the last holder's bytes come first.
  if (!object.lock.compare_exchange_strong(
          unlocked, self, std::memory_order_acquire, std::memory_order_relaxed))
      [[unlikely]] {
    lock_with_patience(root, object.lock, patience);
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
  auto& record = *lane_->record;
  fence::compiler();
  // The one store that decides. Only compiler order is needed: the sweep
  // learns of our death through the kernel, which orders memory.
  record.state.store(
      static_cast<std::uint64_t>(memory::journal_state::committed),
      std::memory_order_relaxed);
  fence::compiler();
  finish(true);
}

[[gnu::always_inline]] inline void transaction::finish(bool forward) noexcept {
  auto& lane = *lane_;
  auto& record = *lane.record;
  const auto units = lane.units_seen;
  if (forward && lane.blocks_seen == 0 && units <= lane.units.size())
      [[likely]] {
    // What finish_journal() does when the log has undo and units alone.
    for (std::uint32_t i = 0; i < units; ++i)
      memory::detail::settle(*lane.units[i]);
  } else {
    finish_by_log(forward);
  }
  lane.open = false;
  fence::compiler();
  if (memory::planted == memory::planted_bug::unlock_before_idle) [[unlikely]]
    unlock_all();
  record.state.store(static_cast<std::uint64_t>(memory::journal_state::idle),
                     std::memory_order_relaxed);
  fence::compiler();
  unlock_all();
}

[[gnu::always_inline]] inline void transaction::unlock_all() noexcept {
  auto& lane = *lane_;
  auto& record = *lane.record;
  const auto self = lane.self.raw;
  auto left = lane.held;
  lane.held = 0;
  while (left > 0) {
    // relaxed: this lane's own cell.
    const auto root = record.held[--left].load(std::memory_order_relaxed);
    auto& word = lane.root_at(root).lock;
    // An exchange would wait for all that this transaction has stored. When
    // nobody waits a store will do; a waiter whose bit it overwrites finds out,
    // see engine::raise_waiters(). relaxed: only that bit can be new.
    if (word.load(std::memory_order_relaxed) == self) [[likely]] {
      // [unlock] release: our bytes come before the free lock.
      word.store(0, std::memory_order_release);
    } else {
      unlock_and_wake(word, root);
    }
  }
  // What is left of the dead ones that stood in our way: it takes as long as
  // they had blocks, and nobody waits for it.
  if (swept_) [[unlikely]] {
    swept_ = false;
    engine_->recover_all();
  }
}

}  // namespace commy
