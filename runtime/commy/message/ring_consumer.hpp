// commy/message/ring_consumer.hpp: the reader's view of its own ring.
#pragma once

#include <commy/memory/engine.hpp>
#include <commy/memory/ring_repair.hpp>
#include <commy/message/message_id.hpp>
#include <commy/message/reader_wait.hpp>
#include <commy/message/send_error.hpp>
#include <commy/message/spin_budget.hpp>
#include <commy/platform/event_flag.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace commy::message {

/// What became of the messages of one inbox since it was opened. Each number
/// only grows. Read by any thread.
struct inbox_statistics {
  std::uint64_t taken = 0;           // Sound messages.
  std::uint64_t stale = 0;           // For an earlier reader of this ring.
  std::uint64_t damaged = 0;         // Made no sense, or named what is no loan.
  std::uint64_t skipped_claims = 0;  // Of senders that died while writing.
  std::uint64_t unknown_target = 0;  // For names no longer published.
  std::uint64_t rebuilt = 0;         // The ring itself made no sense.
};

struct inbox_options {
  /// How long an idle reader sleeps before it looks by itself. Messages wake it
  /// at once; this bounds the harm when a sender dies between filling a cell
  /// and waking, and nobody sweeps it, or when somebody scribbles.
  std::chrono::nanoseconds longest_nap = std::chrono::milliseconds{100};
  waiting how = waiting::adaptive;
};

template <class Reader>
class wake_watch;

/// A message as it came out of the ring. The loans it names still lie in the
/// ring as far as their words say: they are adopted or released one by one.
struct incoming {
  memory::slot_index sender = 0;
  std::uint32_t actor = 0;
  message_id id{};
  memory::cell_kind kind = memory::cell_kind::message;
  std::uint64_t correlation = 0;
  /// A checked copy, at an address divisible by 8; valid until the next take.
  std::span<const std::byte> bytes;
  memory::named_loans loans;
  /// Where the first of them is: found already, and most have one at most.
  memory::block_place first_loan;
};

/// Takes messages out of this participant's ring, the only one to do so. The
/// ring's bytes are hostile input: whatever they are, no call crashes, blocks
/// or runs on without end, and no message names a loan of others.
///
/// Invariant: positions below `next_` are done with. A position is done with
/// when its cell's lap has moved on; so a claim that the sweep has skipped is
/// passed without a look back.
/// Threads: one at a time; `interrupt` and `statistics` from any. A watch that
/// was asked for has a thread of its own beside.
class ring_consumer {
public:
  using clock = std::chrono::steady_clock;

  /// Opens the own ring, empty. Fails with read_only, already_open, no_space,
  /// detached.
  static result<ring_consumer, inbox_error> open(
      std::shared_ptr<memory::engine> owner, const inbox_options& options = {});

  /// Requires: no event was asked for.
  ring_consumer(ring_consumer&& other) noexcept;
  ring_consumer& operator=(ring_consumer&&) = delete;
  /// Closes the ring: what is in it is dropped, its loans are freed, and who
  /// sends from now on learns that the receiver has stopped.
  ~ring_consumer();

  /// The number of this opening; part of a published address.
  [[nodiscard]] std::uint64_t tag() const noexcept { return tag_; }

  /// Puts the next message into `into`, or returns false. Never waits, not even
  /// for a sender in the middle of its message. Cost: a compare-and-swap, one
  /// cache line of a sender's core, a copy; every 8th message a store to the
  /// line of the reader's progress, which senders look at.
  [[nodiscard]] bool try_take(incoming& into);

  /// Waits until `try_take` may find something, in the way that the options
  /// say. False at the deadline or when interrupted.
  /// While it waits it skips claims of senders that have died. Must not be
  /// called inside a transaction.
  [[nodiscard]] bool wait(clock::time_point deadline);
  /// Ends a `wait` now or the next one at once.
  void interrupt() noexcept;
  /// What an event loop waits on; see inbox::wake_fd.
  [[nodiscard]] platform::native_event wake_event();
  /// Somebody takes the messages for others from now on: no event is asked for.
  void keep_from_loops() noexcept {
    counts_->kept_from_loops.store(true, std::memory_order_relaxed);
  }

  /// Frees those loans of a message that nobody has adopted.
  void release(const memory::named_loans& loans) noexcept;

  void count_unknown_target() noexcept { bump(counts_->unknown_target); }
  [[nodiscard]] inbox_statistics statistics() const noexcept;
  /// At an address that stays as long as this object does.
  [[nodiscard]] const std::shared_ptr<memory::engine>& owner() const noexcept {
    return owner_;
  }

private:
  struct counters {
    std::atomic<std::uint64_t> taken{0}, stale{0}, damaged{0},
        skipped_claims{0}, unknown_target{0}, rebuilt{0};
    std::atomic<bool> interrupted{false};
    std::atomic<bool> check_wanted{false};
    std::atomic<bool> kept_from_loops{false};
    // watch_, for interrupt().
    std::atomic<wake_watch<ring_consumer>*> watching{nullptr};
    wait_mark waiting;
  };
  static void bump(std::atomic<std::uint64_t>& counter) noexcept {
    // relaxed: a statistic, of which the reader is the only writer.
    counter.store(counter.load(std::memory_order_relaxed) + 1,
                  std::memory_order_relaxed);
  }

  ring_consumer(std::shared_ptr<memory::engine> owner, memory::ring_view ring,
                const inbox_options& options);
  void find_start() noexcept;
  [[nodiscard]] bool is_sound() const noexcept;
  void rebuild() noexcept;
  [[nodiscard]] bool take_next(incoming& into);
  [[nodiscard]] look look_at_next() const noexcept;
  // For reader_wait and wake_watch: the thread that sleeps.
  friend class reader_wait;
  template <class Reader>
  friend class wake_watch;
  void announce(std::uint64_t lane_plus_one) noexcept;
  void withdraw() noexcept;
  [[nodiscard]] bool is_interrupted() const noexcept;
  [[nodiscard]] bool take_interrupt() noexcept;
  [[nodiscard]] bool skip_dead_claim() noexcept;
  void check_all() noexcept;
  [[nodiscard]] bool is_astray() noexcept;
  void wake_sleeper() noexcept;
  [[nodiscard]] std::chrono::nanoseconds longest_nap() const noexcept {
    return options_.longest_nap;
  }
  void show_progress() noexcept;
  /// Reads which loans a message names, and asks for their lines. False: it
  /// makes no sense.
  [[nodiscard]] bool look_up(const memory::cell_copy& message,
                             incoming& into) noexcept;
  /// Fills in a message that is out of the ring. `known`: what look_up() said.
  [[nodiscard]] bool open_message(const memory::cell_copy& cell, bool known,
                                  incoming& into);
  [[nodiscard]] bool copy_payload(const memory::cell_copy& cell,
                                  const memory::named_loans& named);

  std::shared_ptr<memory::engine> owner_;
  memory::ring_view ring_;
  std::uint64_t tag_ = 0;
  // Written by the reading thread; a watch looks at it as well. relaxed, all:
  // a watch that sees an old one finds its cell changed and lets the reader
  // look.
  std::atomic<std::uint64_t> next_{0};
  std::uint64_t run_ = 0;  // Taken since the last wait.
  inbox_options options_;
  spin_budget budget_;
  std::vector<std::uint64_t> payload_;
  // What came lately and where it is, for good, since slabs never change.
  std::array<memory::block_place, 8> places_{};
  std::unique_ptr<counters> counts_;
  std::unique_ptr<wake_watch<ring_consumer>> watch_;  // When it was asked for.
};

}  // namespace commy::message
