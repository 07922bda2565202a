// commy/memory/transaction.hpp: changes that happen wholly or not at all.
#pragma once

#include <commy/memory/journal.hpp>
#include <commy/memory/lane.hpp>
#include <commy/memory/write_error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace commy {

namespace memory {
class engine;
}

/// An open transaction of this thread over objects of one segment. Made by
/// `transact` and by every single operation; containers write through it.
/// Stays on its thread; must not live across `co_await`.
///
/// Order of the end, by commit, abort and sweep alike: redo or undo, sequences
/// even, IDLE, unlock. So whatever a journal names is still locked by its lane.
///
/// Cost of a transaction that changes one word of one object: two atomic
/// read-modify-writes (lock, unlock), about 20 plain stores in three cache
/// lines of the lane and two of the object, no system call.
class transaction {
public:
  using clock = std::chrono::steady_clock;

  transaction(memory::engine& engine, memory::lane& lane) noexcept
      : engine_{&engine}, lane_{&lane} {}
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  [[nodiscard]] memory::engine& engine() const noexcept { return *engine_; }
  [[nodiscard]] memory::image& img() const noexcept { return *lane_->img; }

  /// Locks `root`, waiting for its holder and then for its readers' guards, for
  /// at most `patience` from the transaction's first wait on. Roots of one
  /// transaction are locked in ascending order. Throws `write_failed`
  /// (lock_timeout, guard_timeout, guarded_by_self, too_many_objects,
  /// poisoned).
  void lock(memory::offset root, std::chrono::nanoseconds patience);
  [[nodiscard]] bool holds(memory::offset root) const noexcept;

  /// The journal becomes ACTIVE. Call after the locks, before any change.
  void begin() noexcept;
  /// All changes become visible at once, then all locks fall.
  void commit() noexcept;
  /// All changes are undone, then all locks fall.
  void abort() noexcept;

  /// Marks a unit (or an object's own sequence) as being changed: readers who
  /// looked before will find out. The first call for a sequence journals it.
  void touch(memory::shared_u64& sequence);
  /// Changes one word whose old value can be restored. The unit that covers it
  /// must have been touched.
  void store(memory::shared_u64& word, std::uint64_t value);
  /// Journals `words` old words at `at`, so that they may be overwritten.
  void save(memory::offset at, std::uint64_t words) {
    if (words == 1) {
      // relaxed: ours by the lock.
      save_word(at, img().word(at).load(std::memory_order_relaxed));
    } else {
      save_many(at, words);
    }
  }

  /// Like `save`, for bytes that no committed state uses: they need no undo,
  /// unless this very transaction emptied them (`note_emptied`), because then
  /// rolling back would bring them to life again.
  void save_unused(memory::offset at, std::uint64_t words) {
    if (emptied_) save(at, words);
  }
  void note_emptied() noexcept { emptied_ = true; }
  [[nodiscard]] bool has_emptied() const noexcept { return emptied_; }

  /// Takes a block or a run of at least `bytes`, of undefined content: live if
  /// this transaction commits, free again if not. Nobody else reads it before
  /// it is linked, so it is filled with plain word stores and needs no undo.
  /// Throws out_of_space, disk_full, too_large, transaction_full.
  [[nodiscard]] memory::offset take(
      std::uint64_t bytes, memory::block_kind kind = memory::block_kind::plain);
  /// Gives a live block or run back when this transaction commits; one that
  /// this very transaction took, when it ends. Throws `damaged` when `at` is
  /// not the start of one.
  void drop(memory::offset at,
            memory::block_kind kind = memory::block_kind::plain);
  /// Fills this lane's magazine of free blocks for `use`, from a slab with room
  /// or a new one. For loans, which are taken without a record.
  void stock(memory::slab_use use) { refill(use); }
  /// Words of the log that are free, and that there are in all.
  [[nodiscard]] std::uint64_t log_left() const noexcept {
    return lane_->log_words_max - lane_->log_words;
  }
  [[nodiscard]] std::uint64_t log_room() const noexcept {
    return lane_->log_words_max;
  }
  /// Bytes that the block or run at `at` offers, or 0 when it is none.
  [[nodiscard]] std::uint64_t bytes_at(
      memory::offset at,
      memory::block_kind kind = memory::block_kind::plain) const noexcept;

private:
  void append(std::uint64_t head, const std::uint64_t* payload,
              std::uint64_t words);
  void append_block(memory::record_kind kind, std::uint64_t place,
                    std::uint64_t word);
  void count_record(std::uint64_t words) noexcept;
  void reserve_log(std::uint64_t words) const {
    if (log_left() < words) [[unlikely]]
      log_is_full();
  }
  [[noreturn, gnu::cold]] static void log_is_full();
  [[noreturn, gnu::cold]] void refuse_lock() const;
  void lock_with_patience(memory::offset root, memory::shared_u64& word,
                          std::chrono::nanoseconds patience);
  void save_many(memory::offset at, std::uint64_t words);
  /// The one undo record of a word that is about to be overwritten.
  void save_word(memory::offset at, std::uint64_t old);
  void lock_slowly(memory::offset root, memory::shared_u64& word,
                   std::chrono::nanoseconds patience);
  void wait_for_guards(memory::offset root, memory::shared_u64& word);
  memory::offset take_run(std::uint64_t pages);
  std::uint64_t page_for_slab(memory::slab_use use);
  void refill(memory::slab_use use);
  void finish(bool forward) noexcept;
  void finish_by_log(bool forward) noexcept;
  void unlock_all() noexcept;

  memory::engine* engine_;
  memory::lane* lane_;
  bool emptied_ = false;
  bool swept_ = false;  // Met a dead one, whose second phase is still to do.
  // Set by the first wait: reading the clock costs more than an idle lock.
  std::optional<clock::time_point> deadline_;
};

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

inline void transaction::save_word(memory::offset at, std::uint64_t old) {
  reserve_log(2);
  auto* const log = lane_->log + lane_->log_words;
  log[0] = old;
  log[1] = memory::record_head(memory::record_kind::undo, 1, at);
  count_record(2);
}

inline void transaction::touch(memory::shared_u64& sequence) {
  // relaxed: we hold the lock of the object that this sequence belongs to.
  const auto now = sequence.load(std::memory_order_relaxed);
  if ((now & 1U) != 0) return;
  reserve_log(1);
  lane_->log[lane_->log_words] = memory::record_head(
      memory::record_kind::unit, 0, img().offset_of(&sequence));
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

inline void transaction::store(memory::shared_u64& word, std::uint64_t value) {
  // relaxed: ours by the lock; readers check the unit's sequence.
  const auto old = word.load(std::memory_order_relaxed);
  if (memory::planted == memory::planted_bug::store_before_log) [[unlikely]] {
    word.store(value, std::memory_order_relaxed);
    fence::compiler();
  }
  save_word(img().offset_of(&word), old);
  word.store(value, std::memory_order_relaxed);
}

}  // namespace commy
