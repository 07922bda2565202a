// commy/memory/engine.hpp: one attachment of this process to one segment.
#pragma once

#include <commy/memory/backing.hpp>
#include <commy/memory/image.hpp>
#include <commy/memory/lane.hpp>
#include <commy/memory/ring_cells.hpp>
#include <commy/memory/sweep.hpp>
#include <commy/memory/thread_lanes.hpp>
#include <commy/memory/transaction.hpp>
#include <commy/memory/transaction_body.hpp>
#include <commy/memory/write_error.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace commy::memory {

enum class attach_error : std::uint8_t {
  no_slot,   // All participant slots are taken by live processes.
  no_lane,   // No lane is left for this process.
  no_space,  // The control file cannot grow.
  poisoned,  // Writing is refused; open read-only.
};
std::string_view describe(attach_error error) noexcept;

/// Joins a process to a segment and carries out what needs more than the
/// shared bytes: leases lanes to threads, grows the files, finds out who is
/// dead and sweeps them, puts threads to sleep and wakes them.
///
/// Threads: any may call any member. Lives longer than every container handle
/// onto it (handles share its ownership).
class engine {
public:
  using clock = std::chrono::steady_clock;
  /// How long an operation waits for other participants unless told otherwise.
  static constexpr std::chrono::seconds default_deadline{60};

  /// Attaches as a writing participant when the backing is writable: sweeps
  /// slots of the dead, claims one, leases a first lane. Read-only: neither.
  static result<std::shared_ptr<engine>, attach_error> attach(
      std::unique_ptr<backing> bytes, std::string_view name);
  ~engine();

  [[nodiscard]] image& img() noexcept { return image_; }
  [[nodiscard]] const image& img() const noexcept { return image_; }
  [[nodiscard]] bool writable() const noexcept { return writable_; }
  /// False once detached, and in a forked child: touch no shared byte then.
  [[nodiscard]] bool usable() const noexcept {
    // relaxed: set before the engine is handed out, cleared at its end.
    return usable_.load(std::memory_order_relaxed);
  }
  /// How long operations on the directory wait for its writers.
  void set_patience(std::chrono::nanoseconds patience) noexcept {
    patience_.store(patience.count(), std::memory_order_relaxed);
  }
  [[nodiscard]] std::chrono::nanoseconds patience() const noexcept {
    return std::chrono::nanoseconds{patience_.load(std::memory_order_relaxed)};
  }
  /// This attachment's participant slot. Requires: `writable()`.
  [[nodiscard]] slot_index slot() const noexcept { return slot_; }
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return slot_generation_;
  }
  [[nodiscard]] backing& system() noexcept { return *backing_; }

  /// The calling thread's lane; leases one at the thread's first write. A
  /// thread that finds none borrows one, see `lane_scope`.
  /// Throws `write_failed` (lanes_exhausted, read_only, detached, poisoned).
  [[nodiscard]] lane& my_lane() { return lane_of(my_lease()); }
  [[nodiscard]] thread_lanes::lease& my_lease() noexcept {
    return thread_lanes::mine(id_);
  }
  /// The same, or null when it has none yet or may not use it any more.
  [[nodiscard]] lane* lane_at_hand() noexcept {
    auto& lease = my_lease();
    return usable() ? lease.leased : nullptr;
  }
  /// The calling thread's open transaction, or null.
  [[nodiscard]] transaction*& open_transaction() noexcept {
    return my_lease().open;
  }

  /// True if the thread's open transaction has locked `root`.
  [[nodiscard]] bool holds(offset root) noexcept {
    const auto* const open = open_transaction();
    return open != nullptr && open->holds(root);
  }

  /// Runs `change(transaction&)` with `root` locked: in the thread's open
  /// transaction when there is one, else in one of its own. `generation` is
  /// what the handle knows; another one there means the object was removed.
  template <class Change>
  auto write(offset root, std::uint64_t generation,
             std::chrono::nanoseconds patience, Change&& change)
      -> result<std::invoke_result_t<Change&, transaction&>, write_error>;

  /// Some thread's transaction locks objects as operations meet them.
  [[nodiscard]] bool any_meets() const noexcept {
    // relaxed: a thread sees its own count.
    return meets_.load(std::memory_order_relaxed) != 0;
  }
  void count_meets(int by) noexcept {
    meets_.fetch_add(by, std::memory_order_relaxed);
  }
  /// If the thread's open transaction is such a one: locks `root` in it, so
  /// that what is read stays so until its end. Throws `write_failed`, and
  /// `met_out_of_order` when that would be a wait out of order.
  void join(offset root);

  /// Is the process behind this lane's lease (or slot) dead, by the kernel's
  /// word? False for the own slot and for slots that make no sense.
  [[nodiscard]] bool is_dead(slot_index slot) const noexcept;
  /// Repairs everything a dead participant left and frees its slot. Does
  /// nothing when it is alive, or when a live participant is sweeping already.
  /// Returns what was found. With `first_phase` only journals, locks and guards
  /// are repaired, so that who waits for them gets on at once; the slot stays
  /// taken until somebody does the rest.
  enum class phases { both, first };
  sweep_report recover(slot_index dead, phases which = phases::both) noexcept;
  /// Recovers every dead participant; returns how many there were.
  std::uint32_t recover_all() noexcept;
  /// If the holder of `word` is dead, recovers it and returns true.
  bool recover_holder(lock_word word, phases which = phases::both) noexcept;

  /// Makes at least `bytes` more of data usable, in one step of growth or
  /// more. Call under `lock_pages`. Throws out_of_space, disk_full.
  void grow(std::uint64_t bytes);
  /// First page of `count` free ones in a row inside one chunk, or 0. Call
  /// under `lock_pages`: then heads and counts stand still but for frees.
  [[nodiscard]] std::uint64_t free_pages(std::uint64_t count) noexcept;
  /// The same, and makes room when there is none: by growth, then of the runs
  /// that free loans keep. Throws out_of_space, disk_full.
  [[nodiscard]] std::uint64_t find_pages(std::uint64_t count);
  /// Wakes every lane that waits for `root`. Cost: a look at each lane.
  void wake_waiters(offset root) noexcept;
  /// Sleeps until `root` is unlocked by whoever writes it, or `at_most`; used
  /// by readers that met a half-written unit. Recovers a dead writer when
  /// writing is allowed. Returns `writer_dead` when it is not.
  [[nodiscard]] std::optional<read_error> await_writer(
      offset root, clock::time_point deadline) noexcept;
  /// Sleeps until somebody commits a change to `root` whose version was
  /// `seen` (object sequence), or until the deadline. True if it changed.
  [[nodiscard]] bool await_change(offset root, std::uint64_t seen,
                                  clock::time_point deadline);

  /// Sets the waiters bit of a lock that was seen as `now`; false when the word
  /// has moved on. A holder that sees no bit unlocks by a plain store, which
  /// may overwrite one set in that moment; so this goes on to look for about as
  /// long as a store may take to arrive. A bit that is lost in spite of that
  /// (the holder was stopped between its two instructions) costs one pause of
  /// the waiter. Requires: the caller's name is up, with a full fence behind
  /// it.
  [[nodiscard]] static bool raise_waiters(shared_u64& word,
                                          lock_word now) noexcept;
  /// Releases a lock word, keeping `keep` of its bits, and wakes who waits.
  void unlock(shared_u64& word, offset root, std::uint64_t keep) noexcept {
    // [unlock] acq_rel: our bytes come before the free lock (release); and the
    // names that waiters put up before they set the bit are seen (acquire).
    const lock_word old{word.exchange(keep, std::memory_order_acq_rel)};
    if (old.waiters()) [[unlikely]]
      wake_waiters(root);
  }
  /// The index of a lane whose live guard names `root`, `own_guard` when it is
  /// `self`, or `no_guard`. Cost: a look at each lane's guard line.
  static constexpr lane_index no_guard = ~lane_index{0};
  static constexpr lane_index own_guard = no_guard - 1;
  [[nodiscard]] lane_index find_guard(offset root,
                                      lane_index self) const noexcept;
  /// If the participant that leases this lane is dead, recovers it.
  bool recover_lane(lane_index index, phases which = phases::both) noexcept;
  /// Who holds a lane, for people: " of participant 3 (pid 17, sampler)".
  [[nodiscard]] std::string lane_text(lane_index index) const;
  /// "participant 3 (pid 17, sampler)"; empty for a slot that makes no sense.
  [[nodiscard]] std::string participant_text(slot_index index) const;
  [[nodiscard]] std::string holder_text(lock_word word) const;

  /// Tells others that this participant makes progress (boot clock, ns).
  void beat(std::uint64_t now_ns) noexcept;

  /// The bytes of this participant's inbox, made in the control file at the
  /// first call. None when that cannot grow. Requires: `writable()`.
  [[nodiscard]] ring_view own_ring() noexcept;

  /// Ends the attachment: gives back lanes and slot. Called by the destructor.
  void detach() noexcept;

private:
  /// A transaction of its own. Requires: a lane at rest.
  template <class Change>
  auto write_alone(lane& mine, offset root, std::uint64_t generation,
                   std::chrono::nanoseconds patience, Change& change)
      -> result<std::invoke_result_t<Change&, transaction&>, write_error>;
  /// In the open transaction. Requires: there is one, and no edit under way.
  template <class Change>
  static auto write_joining(thread_lanes::lease& lease, offset root,
                            std::uint64_t generation, Change& change)
      -> result<std::invoke_result_t<Change&, transaction&>, write_error>;
  /// Without a lane at hand, or where nothing may be written.
  template <class Change>
  auto write_otherwise(offset root, std::uint64_t generation,
                       std::chrono::nanoseconds patience, Change& change)
      -> result<std::invoke_result_t<Change&, transaction&>, write_error>;
  /// Requires: the lock of `root`. Throws `write_failed{removed}`.
  static void check_generation(const memory::root& object,
                               std::uint64_t generation) {
    // relaxed: the lock is held, so the word stands still.
    if (object.generation.load(std::memory_order_relaxed) != generation)
        [[unlikely]] {
      refuse_removed();
    }
  }
  [[noreturn, gnu::cold]] static void refuse_removed();
  explicit engine(std::unique_ptr<backing> bytes) noexcept;
  result<void, attach_error> claim_slot(std::string_view name);
  [[nodiscard]] bool is_sweeping(std::uint64_t mark) const noexcept;
  /// Frees this participant's bare blocks, and its bits of pages.
  void give_back_owned() noexcept;
  void wake_everyone() noexcept;
  /// Leases a free lane of the segment, adding lanes when all are taken; null
  /// when that fails.
  [[nodiscard]] lane* lease_lane();
  [[nodiscard]] bool add_lanes() noexcept;
  void give_back(lane& leased) noexcept;
  /// Frees the loans that the lane has kept for its thread.
  void free_recent(lane& leased) noexcept;
  [[nodiscard]] lane& lane_of(thread_lanes::lease& lease) {
    // A lease of a forked child or a detached engine must not be used.
    if (lease.leased != nullptr && usable()) return *lease.leased;
    return lease_for_thread(lease);
  }
  lane& lease_for_thread(thread_lanes::lease& lease);
  /// The same, or null when no lane is left.
  lane* find_lane(thread_lanes::lease& lease);
  /// Locks `root` in a body that meets objects, else `not_in_transaction`.
  static void meet(thread_lanes::lease& lease, offset root);
  /// An exception leaves an operation that had logged so much at its start.
  static void note_failure(thread_lanes::lease& lease,
                           std::uint64_t logged) noexcept;
  friend class lane_scope;
  /// A thread has ended; its lane serves the next one.
  void take_back(lane& leased) noexcept;
  friend class thread_lanes;
  friend class page_lock;

  std::unique_ptr<backing> backing_;
  image image_;
  bool writable_ = false;
  // Cleared in a forked child, whose mappings are gone, and by detach().
  std::atomic<bool> usable_{false};
  std::atomic<int> meets_{0};
  std::atomic<std::int64_t> patience_{
      std::chrono::nanoseconds{default_deadline}.count()};
  slot_index slot_ = 0;
  std::uint64_t slot_generation_ = 0;
  std::uint64_t id_;  // Never reused in this process; keys thread caches.
  int fork_callback_ = -1;
  bool slots_are_closed_ = false;  // While attaching: see claim_slot().
  // One thread sweeps at a time: two would have the same mark, and the second
  // might still be at it when the slot serves the next participant.
  std::mutex sweeping_;
  std::uint64_t roomy_chunk_ = 0;  // Where free_pages() begins; a hint.
  std::timed_mutex pages_;  // Threads of this process; beside the kernel's.
  std::mutex lanes_mutex_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::vector<lane*> idle_lanes_;  // Leased, but their threads have ended.
  lane* common_lane_ = nullptr;    // For threads that find none.
  std::timed_mutex common_;        // Held by the one that borrows it.
};

/// Sees to it that the calling thread has a lane for a scope. A thread that
/// finds none left borrows the lane that its attachment keeps from begin to
/// end; one at a time, each for one operation or transaction, waiting at most
/// `patience`. Throws `write_failed` (lanes_exhausted, read_only, detached).
/// Cost, of a thread with a lane: a thread-local load.
class lane_scope {
public:
  lane_scope(engine& owner, std::chrono::nanoseconds patience)
      : owner_{&owner}, lease_{&owner.my_lease()} {
    if (lease_->leased == nullptr) [[unlikely]]
      find(patience);
  }
  /// Has a lane. Forked children have one, too, but may not use it.
  [[nodiscard]] thread_lanes::lease& lease() noexcept { return *lease_; }
  lane_scope(const lane_scope&) = delete;
  lane_scope& operator=(const lane_scope&) = delete;
  ~lane_scope() {
    if (borrowed_) [[unlikely]]
      give_back();
  }

private:
  void find(std::chrono::nanoseconds patience);
  void give_back() noexcept;

  engine* owner_;
  thread_lanes::lease* lease_;
  bool borrowed_ = false;
};

/// Fills the lane's magazine for blocks that are taken without a record, from
/// a slab with room or a new one. Throws `write_failed`; `transaction_full`
/// inside an operation's callback.
void stock(engine& owner, lane& mine, slab_use use);

/// Holds a segment's page lock (see `backing::lock_pages`) for a scope.
/// Throws `write_failed{lock_timeout}` after ten seconds: the lock is only
/// held for one growth step, at most 16 MiB of `posix_fallocate`.
class page_lock {
public:
  explicit page_lock(engine& owner);
  ~page_lock();
  page_lock(const page_lock&) = delete;
  page_lock& operator=(const page_lock&) = delete;

private:
  engine& owner_;
};

template <class Change>
[[gnu::always_inline]] inline auto engine::write(
    offset root, std::uint64_t generation, std::chrono::nanoseconds patience,
    Change&& change)
    -> result<std::invoke_result_t<Change&, transaction&>, write_error> {
  auto& lease = my_lease();
  auto* const mine = lease.leased;
  if (mine == nullptr || mine->editing || !usable()) [[unlikely]] {
    return write_otherwise(root, generation, patience, change);
  }
  if (mine->open) return write_joining(lease, root, generation, change);
  return write_alone(*mine, root, generation, patience, change);
}

template <class Change>
[[gnu::always_inline]] inline auto engine::write_alone(
    lane& mine, offset root, std::uint64_t generation,
    std::chrono::nanoseconds patience, Change& change)
    -> result<std::invoke_result_t<Change&, transaction&>, write_error> {
  using answer = std::invoke_result_t<Change&, transaction&>;
  transaction own{*this, mine, root};
  try {
    own.lock(root, patience);
    check_generation(mine.root_at(root), generation);
    const edit_scope editing{mine};
    own.begin();
    if constexpr (std::is_void_v<answer>) {
      change(own);
      own.commit();
      return {};
    } else {
      answer done = change(own);
      own.commit();
      return done;
    }
  } catch (const write_failed& failed) {
    own.abort();
    return unexpected{failed.why};
  } catch (...) {
    own.abort();
    throw;
  }
}

template <class Change>
[[gnu::noinline]] auto engine::write_joining(thread_lanes::lease& lease,
                                             offset root,
                                             std::uint64_t generation,
                                             Change& change)
    -> result<std::invoke_result_t<Change&, transaction&>, write_error> {
  using answer = std::invoke_result_t<Change&, transaction&>;
  auto& open = *lease.open;
  auto& mine = *lease.leased;
  if (!open.holds(root)) meet(lease, root);
  check_generation(mine.root_at(root), generation);
  open.set_subject({root, 0});
  const edit_scope editing{mine};
  const auto logged = mine.log_words;
  try {
    if constexpr (std::is_void_v<answer>) {
      change(open);
      return {};
    } else {
      return change(open);
    }
  } catch (...) {
    note_failure(lease, logged);
    throw;
  }
}

template <class Change>
[[gnu::noinline, gnu::cold]] auto engine::write_otherwise(
    offset root, std::uint64_t generation, std::chrono::nanoseconds patience,
    Change& change)
    -> result<std::invoke_result_t<Change&, transaction&>, write_error> {
  std::optional<lane_scope> found;
  lane* mine = nullptr;
  try {
    mine = &lane_of(found.emplace(*this, patience).lease());
  } catch (const write_failed& failed) {
    return unexpected{failed.why};
  }
  // An operation inside another one's edit would end that one's journal, or
  // move the table that it is about to store into.
  if (mine->editing) {
    throw write_failed{{write_error::not_in_transaction, "inside an edit"}};
  }
  return write_alone(*mine, root, generation, patience, change);
}

}  // namespace commy::memory

#include <commy/memory/detail/transaction_ends.hpp>
