// commy/memory/transaction.hpp: changes that happen wholly or not at all.
#pragma once

#include <commy/memory/journal.hpp>
#include <commy/memory/lane.hpp>
#include <commy/memory/write_error.hpp>

#include <array>
#include <chrono>
#include <cstdint>

namespace commy {

namespace memory {
class engine;
class loan_block;
}  // namespace memory

/// An open transaction of this thread over objects of one segment. Made by
/// `transact` and by every single operation; containers write through it.
/// Stays on its thread; must not live across `co_await`.
///
/// Order of the end, by commit, abort and sweep alike: redo or undo, sequences
/// even, IDLE, unlock. So whatever a journal names is still locked by its lane.
///
/// Cost of a transaction that changes one word of one object: one atomic
/// read-modify-write (the lock), 15 stores into three cache lines of the lane's
/// record and two of the object, about as many into the thread's own lines (one
/// of the lane, the stack), no system call.
class transaction {
public:
  using clock = std::chrono::steady_clock;

  transaction(memory::engine& engine, memory::lane& lane,
              memory::offset subject = 0) noexcept
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): deadline_
      : engine_{&engine}, lane_{&lane}, outermost_{subject} {}
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  [[nodiscard]] memory::engine& engine() const noexcept { return *engine_; }
  [[nodiscard]] memory::lane& own_lane() const noexcept { return *lane_; }
  [[nodiscard]] memory::image& img() const noexcept { return *lane_->img; }

  /// Locks `root`, waiting for its holder and then for its readers' guards, for
  /// at most `patience` from the transaction's first wait on. Out of order it
  /// only tries. Throws `write_failed` (lock_timeout, guard_timeout,
  /// guarded_by_self, too_many_objects, poisoned).
  void lock(memory::offset root, std::chrono::nanoseconds patience);
  /// True if this lane holds or guards an object behind `root`. Who waits then
  /// could be waited for: objects are waited for in ascending order alone.
  [[nodiscard]] bool is_out_of_order(memory::offset root) const noexcept;
  /// Ends all waits of this transaction, whatever `patience` says.
  void wait_until(clock::time_point deadline) noexcept {
    deadline_ = deadline.time_since_epoch();
    timed_ = true;
  }
  [[nodiscard]] bool holds(memory::offset root) const noexcept {
    const auto& cells = lane_->record->held;
    for (std::uint32_t i = 0, held = lane_->held; i < held; ++i) {
      // relaxed: this lane's own cell.
      if (cells[i].load(std::memory_order_relaxed) == root) return true;
    }
    return false;
  }

  /// The journal becomes ACTIVE. Call after the locks, before any change.
  void begin() noexcept;
  /// All changes become visible at once, then all locks fall.
  void commit() noexcept;
  /// All changes are undone, then all locks fall.
  void abort() noexcept;

  /// Marks a unit (or an object's own sequence) as being changed: readers who
  /// looked before will find out. The first call for a sequence journals it.
  void touch(memory::shared_u64& sequence);
  /// Both at once, for single words in the units of `sequences`, none of which
  /// is named twice: one look at the log's room and one word that makes all the
  /// records count.
  template <std::size_t Units, std::size_t Words>
  void touch_and_save(const std::array<memory::shared_u64*, Units>& sequences,
                      const std::array<memory::shared_u64*, Words>& words);
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
  /// Takes over the block of a loan, or the run of a large one, with what is
  /// in it: as if `take` had answered it. The loan is empty from now on. If the
  /// transaction is undone it has its block again, unless it has ended by then:
  /// then that is free. Throws wrong_type (the loan is empty, or another
  /// attachment's), damaged, and as `take`.
  [[nodiscard]] memory::offset keep(memory::loan_block& lent);
  /// The block of a loan that this transaction keeps is nobody's if it is
  /// undone: the loan has ended.
  void forget_kept(memory::offset word) noexcept;
  /// Gives a live block or run back when this transaction commits; one that
  /// this very transaction took, when it ends. Throws `damaged` when `at` is
  /// not the start of one.
  void drop(memory::offset at,
            memory::block_kind kind = memory::block_kind::plain);
  /// Fills this lane's magazine of free blocks for `use`, from a slab with room
  /// or a new one. For loans, which are taken without a record.
  void stock(memory::slab_use use) { refill(use); }
  /// Words of the log's base that are free, and that there are in all. A log
  /// goes on behind its base; this is for who takes bounded steps.
  [[nodiscard]] std::uint64_t log_left() const noexcept {
    const auto room = log_room();
    return lane_->log_words < room ? room - lane_->log_words : 0;
  }
  [[nodiscard]] std::uint64_t log_room() const noexcept {
    return img().sizes().journal_bytes / 8;
  }
  /// Bytes that the block or run at `at` offers, or 0 when it is none.
  [[nodiscard]] std::uint64_t bytes_at(
      memory::offset at,
      memory::block_kind kind = memory::block_kind::plain) const noexcept;

  /// Which object the operation under way is about: what it drops becomes
  /// trash of the outermost one, see memory/trash.hpp.
  struct subject_of_change {
    memory::offset outermost = 0;
    std::uint32_t level = 0;  // Containers between both, the own one counted.
    // Nothing leads to the container yet: no change log tells of it.
    bool unlinked = false;
  };
  [[nodiscard]] subject_of_change subject() const noexcept {
    return {outermost_, level_, unlinked_};
  }
  void set_subject(const subject_of_change& subject) noexcept {
    outermost_ = subject.outermost;
    level_ = subject.level;
    unlinked_ = subject.unlinked;
  }

private:
  void append(std::uint64_t head, const std::uint64_t* payload,
              std::uint64_t words);
  void append_block(memory::record_kind kind, std::uint64_t place,
                    std::uint64_t word);
  void count_record(std::uint64_t words) noexcept;
  /// Makes room for one record of so many words, head included. Not under the
  /// page lock, which the log needs when it goes on in new pages. Throws
  /// transaction_full, out_of_space, disk_full, lock_timeout.
  [[gnu::always_inline]] void reserve_log(std::uint64_t words) {
    if (lane_->log_words_max - lane_->log_words < words) [[unlikely]]
      extend_log();
  }
  [[gnu::cold]] void extend_log();
  [[noreturn, gnu::cold]] void refuse_lock() const;
  void lock_with_patience(memory::offset root, memory::shared_u64& word,
                          std::chrono::nanoseconds patience);
  void save_many(memory::offset at, std::uint64_t words);
  static void note_unit(memory::lane& lane,
                        memory::shared_u64& sequence) noexcept;
  /// The one undo record of a word that is about to be overwritten.
  void save_word(memory::offset at, std::uint64_t old);
  void lock_slowly(memory::offset root, memory::shared_u64& word,
                   std::chrono::nanoseconds patience);
  void wait_for_guards(memory::offset root, memory::shared_u64& word,
                       clock::time_point deadline);
  /// Who holds what, who wanted it, and whether it was waited for.
  [[nodiscard]] failure_detail who_waits(memory::offset root,
                                         memory::lane_index holder) const;
  memory::offset take_run(std::uint64_t pages);
  /// A free page, or 0: blocks have been found meanwhile. Call under the page
  /// lock.
  std::uint64_t page_for_slab(memory::slab_use use);
  void refill(memory::slab_use use);
  void finish(bool forward) noexcept;
  void finish_by_log(bool forward) noexcept;
  void give_back_kept() noexcept;
  void unlock_all() noexcept;
  /// Somebody waits, or did.
  [[gnu::cold]] void unlock_and_wake(memory::shared_u64& word,
                                     memory::offset root) noexcept;

  memory::engine* engine_;
  memory::lane* lane_;
  // The subject in parts, so that a new transaction clears all small ones by
  // one store.
  memory::offset outermost_;
  std::uint32_t level_ = 0;
  bool unlinked_ = false;
  bool emptied_ = false;
  bool swept_ = false;  // Met a dead one, whose second phase is still to do.
  bool timed_ = false;  // `deadline_` is set.
  // Since the clock's epoch; set by the first wait, because reading the clock
  // costs more than an idle lock.
  clock::duration deadline_;
};

// What follows copies what it needs of the lane first: to g++ every atomic
// access, even a relaxed one, may have changed any other object.

[[gnu::always_inline]] inline void transaction::count_record(
    std::uint64_t words) noexcept {
  auto& lane = *lane_;
  auto& record = *lane.record;
  const auto used = lane.log_words + words;
  lane.log_words = used;
  // The record is whole before it counts, and counts before what it undoes is
  // stored. Compiler order suffices (research J1): a kill lands between
  // instructions.
  fence::compiler();
  record.log_used.store(used * 8, std::memory_order_relaxed);
  fence::compiler();
}

[[gnu::always_inline]] inline void transaction::save_word(memory::offset at,
                                                          std::uint64_t old) {
  reserve_log(2);
  auto* const log = lane_->log + lane_->log_words;
  // relaxed, here and below: this lane's, but extents lie where readers with
  // an outdated look may look.
  log[0].store(old, std::memory_order_relaxed);
  log[1].store(memory::record_head(memory::record_kind::undo, 1, at),
               std::memory_order_relaxed);
  count_record(2);
}

[[gnu::always_inline]] inline void transaction::touch(
    memory::shared_u64& sequence) {
  // relaxed: we hold the lock of the object that this sequence belongs to.
  const auto now = sequence.load(std::memory_order_relaxed);
  if ((now & 1U) != 0) return;
  reserve_log(1);
  auto& lane = *lane_;
  lane.log[lane.log_words].store(
      memory::record_head(memory::record_kind::unit, 0,
                          lane.offset_of(&sequence)),
      std::memory_order_relaxed);
  count_record(1);
  note_unit(lane, sequence);
  sequence.store(now + 1, std::memory_order_relaxed);
  // [unit-odd] release fence, pairs with the reader's acquire fence: who sees
  // any of our stores into the unit sees that it is odd or has moved on.
  fence::release();
}

[[gnu::always_inline]] inline void transaction::note_unit(
    memory::lane& lane, memory::shared_u64& sequence) noexcept {
  const auto nth = lane.units_seen;
  if (nth < lane.units.size()) [[likely]]
    lane.units[nth] = &sequence;
  lane.units_seen = nth + 1;
}

template <std::size_t Units, std::size_t Words>
[[gnu::always_inline]] inline void transaction::touch_and_save(
    const std::array<memory::shared_u64*, Units>& sequences,
    const std::array<memory::shared_u64*, Words>& words) {
  using memory::record_head;
  using memory::record_kind;
  // relaxed, here and below: as in touch() and save_word().
  std::array<std::uint64_t, Units> seen;
  std::uint64_t any = 0;
  for (std::size_t i = 0; i < Units; ++i) {
    seen[i] = sequences[i]->load(std::memory_order_relaxed);
    any |= seen[i];
  }
  constexpr std::uint64_t needed = Units + 2 * Words;
  if ((any & 1U) != 0) [[unlikely]] {
    for (auto* const sequence : sequences)
      touch(*sequence);
    for (const auto* const word : words)
      save(lane_->offset_of(word), 1);
    return;
  }
  reserve_log(needed);
  auto& lane = *lane_;
  auto& record = *lane.record;
  const auto used = lane.log_words;
  auto* log = lane.log + used;
  const auto* const data = lane.data;
  lane.log_words = used + needed;
  for (auto* const sequence : sequences)
    note_unit(lane, *sequence);
  const auto place_of = [&](const memory::shared_u64* at) {
    return static_cast<memory::offset>(reinterpret_cast<const std::byte*>(at) -
                                       data);
  };
  for (auto* const sequence : sequences) {
    (log++)->store(record_head(record_kind::unit, 0, place_of(sequence)),
                   std::memory_order_relaxed);
  }
  for (const auto* const word : words) {
    (log++)->store(word->load(std::memory_order_relaxed),
                   std::memory_order_relaxed);
    (log++)->store(record_head(record_kind::undo, 1, place_of(word)),
                   std::memory_order_relaxed);
  }
  fence::compiler();  // As in count_record().
  record.log_used.store((used + needed) * 8, std::memory_order_relaxed);
  fence::compiler();
  for (std::size_t i = 0; i < Units; ++i)
    sequences[i]->store(seen[i] + 1, std::memory_order_relaxed);
  fence::release();  // [unit-odd]
}

inline void transaction::store(memory::shared_u64& word, std::uint64_t value) {
  // relaxed: ours by the lock; readers check the unit's sequence.
  const auto old = word.load(std::memory_order_relaxed);
  if (memory::planted == memory::planted_bug::store_before_log) [[unlikely]] {
    word.store(value, std::memory_order_relaxed);
    fence::compiler();
  }
  save_word(lane_->offset_of(&word), old);
  word.store(value, std::memory_order_relaxed);
}

}  // namespace commy
