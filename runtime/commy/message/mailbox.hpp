// commy/message/mailbox.hpp: the queue between an actor's senders and its
// owner.
#pragma once

#include <commy/base/interleaving.hpp>
#include <commy/message/envelope.hpp>

#include <atomic>
#include <cstdint>

namespace commy::message {

/// What a sender learns. `woke` obliges it to schedule the receiver, since
/// nobody else will.
enum class pushed : std::uint8_t { queued, woke, closed };

/// Things a mailbox is told besides messages. Bits, so that telling costs no
/// memory, cannot fail, and saying a thing twice changes nothing.
enum class mailbox_signal : std::uint32_t {
  drain = 1,
  stop_now = 2,
  alarm = 4,
  restart = 8,
  overflow = 16,  ///< A message was refused, and that ends the actor.
  mail = 32       ///< The actor's shelf is not empty any more, or has dropped.
};

/// Room in a mailbox: messages in the upper 24 bits, their bytes in the lower
/// 40, so that one addition takes both. A mailbox of 2^23 messages and 512 GiB
/// is more than any machine here holds; the bits above are for senders that
/// have taken room and not yet looked whether there was any.
class room {
public:
  static constexpr std::uint64_t most_messages = (std::uint64_t{1} << 23U) - 1;
  static constexpr std::uint64_t most_bytes = (std::uint64_t{1} << 39U) - 1;

  constexpr room() noexcept = default;
  /// What is more than the most counts as the most.
  constexpr room(std::uint64_t messages, std::uint64_t bytes) noexcept
      : both_{(messages < most_messages ? messages : most_messages)
                  << byte_bits |
              (bytes < most_bytes ? bytes : most_bytes)} {}
  [[nodiscard]] static constexpr room of_word(std::uint64_t word) noexcept {
    room made;
    made.both_ = word;
    return made;
  }

  [[nodiscard]] constexpr std::uint64_t word() const noexcept { return both_; }
  [[nodiscard]] constexpr std::uint32_t messages() const noexcept {
    return static_cast<std::uint32_t>(both_ >> byte_bits);
  }
  [[nodiscard]] constexpr std::uint64_t bytes() const noexcept {
    return both_ & ((std::uint64_t{1} << byte_bits) - 1);
  }
  /// Less than `bound` in both: one more message may enter, whatever its size,
  /// since a message larger than the bound could never be sent otherwise.
  [[nodiscard]] constexpr bool is_below(room bound) const noexcept {
    return messages() < bound.messages() && bytes() < bound.bytes();
  }
  constexpr room& operator+=(room more) noexcept {
    both_ += more.both_;
    return *this;
  }
  constexpr room& operator-=(room less) noexcept {
    both_ -= less.both_;
    return *this;
  }

private:
  static constexpr unsigned byte_bits = 40;
  std::uint64_t both_ = 0;
};

/// What a message takes up.
[[nodiscard]] inline room room_of(const envelope& e) noexcept {
  std::uint64_t bytes = e.ops->block_bytes;
  if (e.ops->outside_bytes != nullptr) bytes += e.ops->outside_bytes(e);
  return {1, bytes};
}

class mailbox_outlet;

/// The senders' side of a mailbox: 40 bytes that any thread may touch.
///
/// `head` is the newest message, its low bits say what the owner does:
///
///     node         the owner runs, or somebody is obliged to schedule it
///     node | idle  it does not; the sender that replaces this wakes it
///     node | closed  for good: no message enters any more
///
/// `urgent` holds answers, which no bound may refuse, notices, and messages
/// that overtake others: a stack, taken whole. The owner that waits for an
/// answer leaves `waiting` there and is not idle in `head`, so ordinary
/// messages queue up without waking it.
///
/// Invariant: the right to run the receiver (to be its owner) is held by
/// exactly one thread, passed on by clearing `idle` or `waiting`.
/// Threads: any. Source of the list: Vyukov, "Non-intrusive MPSC queue"; of the
/// idle bit in it: the Pony runtime.
class mailbox_inlet {
public:
  mailbox_inlet() = default;
  mailbox_inlet(const mailbox_inlet&) = delete;
  mailbox_inlet& operator=(const mailbox_inlet&) = delete;

  /// Takes room for one message; false when the mailbox is full. What is
  /// taken is used by `push` or goes back by `give_back`.
  [[nodiscard]] bool try_reserve(room amount) noexcept {
    COMMY_POINT("mailbox.reserve");
    // relaxed: a count that orders nothing. The bound holds all the same, since
    // the add comes before the comparison.
    const auto before = room::of_word(
        queued_.fetch_add(amount.word(), std::memory_order_relaxed));
    if (before.is_below(
            room::of_word(bound_.load(std::memory_order_relaxed)))) {
      return true;
    }
    COMMY_POINT("mailbox.reserve.full");
    give_back(amount);
    return false;
  }

  void give_back(room amount) noexcept {
    // relaxed: as in try_reserve().
    queued_.fetch_sub(amount.word(), std::memory_order_relaxed);
  }

  /// Appends a message for which room was reserved; `closed` leaves message and
  /// room with the caller.
  [[nodiscard]] pushed push(envelope& e) noexcept {
    // relaxed: the envelope becomes visible by [link] below.
    e.next.store(nullptr, std::memory_order_relaxed);
    const auto fresh = reinterpret_cast<std::uintptr_t>(&e);
    // relaxed: only a guess for the exchange, which checks it.
    auto head = head_.load(std::memory_order_relaxed);
    do {
      COMMY_POINT("mailbox.push");
      if ((head & closed_bit) != 0) return pushed::closed;
      // [head] release, pairs with the next sender's acquire here: it must see
      // our `next = nullptr` before it stores its own address over it. acquire
      // also pairs with [idle] in try_idle(): who wakes the receiver sees what
      // its last turn wrote. That a node may have left and come back between
      // load and exchange (ABA) is harmless: it is the newest again.
    } while (!head_.compare_exchange_weak(
        head, fresh, std::memory_order_acq_rel, std::memory_order_relaxed));
    COMMY_POINT("mailbox.push.swapped");
    // The newest envelope is never freed before its `next` is set.
    auto* const before = reinterpret_cast<envelope_link*>(head & ~tag_bits);
    // [link] release, pairs with the acquire in try_pop(): the owner sees the
    // whole message.
    before->next.store(&e, std::memory_order_release);
    return (head & idle_bit) != 0 ? pushed::woke : pushed::queued;
  }

  /// Appends to the lane for answers and urgent messages, which has no bound of
  /// its own: what actors wait for is bounded, and messages reserve room.
  [[nodiscard]] pushed push_urgent(envelope& e) noexcept {
    const auto fresh = reinterpret_cast<std::uintptr_t>(&e);
    // relaxed: a guess, as in push().
    auto top = urgent_.load(std::memory_order_relaxed);
    do {
      COMMY_POINT("mailbox.urgent");
      if (top == urgent_closed) return pushed::closed;
      // relaxed: becomes visible by [urgent].
      e.next.store(
          top == urgent_waiting ? nullptr : reinterpret_cast<envelope*>(top),
          std::memory_order_relaxed);
      // [urgent] release, pairs with the acquire in take_urgent(); acquire
      // pairs with [wait] in try_wait(), as [head] does with [idle].
    } while (!urgent_.compare_exchange_weak(
        top, fresh, std::memory_order_acq_rel, std::memory_order_relaxed));
    if (top == urgent_waiting) return pushed::woke;
    COMMY_POINT("mailbox.urgent.swapped");
    // The owner that goes idle after this sees the answer; if it went before,
    // we find the bit. Both are read-modify-writes of `head`, so one is first.
    return take_idle() ? pushed::woke : pushed::queued;
  }

  /// Tells the receiver of that generation; false when it is gone. The caller
  /// then calls `try_wake`.
  [[nodiscard]] bool raise(std::uint32_t generation,
                           mailbox_signal what) noexcept {
    // relaxed: a guess, as in push().
    auto life = life_.load(std::memory_order_relaxed);
    do {
      COMMY_POINT("mailbox.raise");
      if (life >> 32U != generation) return false;
      // [signal] seq_cst: one order with the load of `urgent` in try_wake() and
      // with the owner's [wait] and look at the signals, so that of an owner
      // about to wait and a thread about to wake it one sees the other.
    } while (!life_.compare_exchange_weak(
        life, life | static_cast<std::uint32_t>(what),
        std::memory_order_seq_cst, std::memory_order_relaxed));
    return true;
  }

  /// Takes the right to run a receiver that is idle or waits; who gets true
  /// must schedule it. Called after raising a signal.
  [[nodiscard]] bool try_wake() noexcept {
    COMMY_POINT("mailbox.wake");
    // seq_cst: see [signal].
    auto top = urgent_.load(std::memory_order_seq_cst);
    COMMY_POINT("mailbox.wake.looked");
    // acquire, pairs with [wait]; as in push_urgent().
    if (top == urgent_waiting &&
        urgent_.compare_exchange_strong(top, 0, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
      return true;
    }
    COMMY_POINT("mailbox.wake.idle");
    return take_idle();
  }

  /// Which actor the cell holds. Grows by one with each; wraps after 2^32.
  [[nodiscard]] std::uint32_t generation() const noexcept {
    // acquire, pairs with the release in retire(): who sees that an actor has
    // ended sees what it did before. A sender that reads an old one is found
    // out by its envelope.
    return static_cast<std::uint32_t>(life_.load(std::memory_order_acquire) >>
                                      32U);
  }

  /// No message enters any more. A snapshot: false may be old.
  [[nodiscard]] bool is_closed() const noexcept {
    return (head_.load(std::memory_order_relaxed) & closed_bit) != 0;
  }

  /// What holds room, with that now being handled. A snapshot.
  [[nodiscard]] room queued() const noexcept {
    return room::of_word(queued_.load(std::memory_order_relaxed));
  }
  [[nodiscard]] room bound() const noexcept {
    return room::of_word(bound_.load(std::memory_order_relaxed));
  }

private:
  friend class mailbox_outlet;

  static constexpr std::uintptr_t idle_bit = 1;
  static constexpr std::uintptr_t closed_bit = 2;
  static constexpr std::uintptr_t tag_bits = 3;
  static constexpr std::uintptr_t urgent_waiting = 1;
  static constexpr std::uintptr_t urgent_closed = 2;

  [[nodiscard]] bool take_idle() noexcept {
    // acquire, pairs with [idle]; release, so that an owner going idle later
    // sees what was published before this call.
    const auto head = head_.fetch_and(~idle_bit, std::memory_order_acq_rel);
    return (head & idle_bit) != 0;
  }

  // Closed until an outlet opens it, so that a cell can be looked at, and a
  // message refused, before it ever held an actor.
  std::atomic<std::uintptr_t> head_{closed_bit};
  std::atomic<std::uintptr_t> urgent_{urgent_closed};
  // Generation in the upper half, signals in the lower, in one word: so a
  // signal can never reach the next actor in the same cell.
  std::atomic<std::uint64_t> life_{0};
  // Never reset, only added to and subtracted from: a late sender may still
  // hold room that it is about to give back.
  std::atomic<std::uint64_t> queued_{0};
  std::atomic<std::uint64_t> bound_{0};
};
static_assert(sizeof(mailbox_inlet) == 40);

/// The owner's side of a mailbox: what only the thread that holds the right to
/// run the receiver may touch. The newest message taken out stays in the list
/// as its last node until the next one is taken: that is what lets `push` and
/// `try_pop` get by with one read-modify-write between them.
class mailbox_outlet {
public:
  mailbox_outlet() = default;
  mailbox_outlet(const mailbox_outlet&) = delete;
  mailbox_outlet& operator=(const mailbox_outlet&) = delete;

  /// Opens a closed mailbox for at most `bound`; nothing gets room where that
  /// is zero. The caller is its owner until `try_idle` or `try_wait` succeeds.
  void open(mailbox_inlet& inlet, room bound) noexcept;

  /// The oldest message, or null when there is none or its sender has not yet
  /// linked it. It stays valid, and its block alive, until the next call; its
  /// payload is the caller's to destroy.
  [[nodiscard]] envelope* try_pop() noexcept {
    COMMY_POINT("mailbox.pop");
    // acquire, pairs with [link].
    auto* const next = tail_->next.load(std::memory_order_acquire);
    if (next == nullptr) return nullptr;
    drop_tail();
    tail_ = next;
    return next;
  }

  /// Gives up the right to run when no message is left. After true the mailbox
  /// is no longer the caller's, who now looks once more at `signals` and
  /// `has_urgent` and, if there is something, calls `try_wake`.
  [[nodiscard]] bool try_idle(mailbox_inlet& inlet) noexcept {
    COMMY_POINT("mailbox.idle");
    auto head = reinterpret_cast<std::uintptr_t>(tail_);
    // [idle] release, pairs with the acquire of whoever clears the bit: it sees
    // all this turn wrote. acquire: sees what take_idle() callers published.
    return inlet.head_.compare_exchange_strong(
        head, head | mailbox_inlet::idle_bit, std::memory_order_acq_rel,
        std::memory_order_relaxed);
  }

  /// Gives up the right to run until an answer or a signal comes; false when
  /// one is there already. After true, look at `signals` once more, as after
  /// `try_idle`.
  [[nodiscard]] bool try_wait(mailbox_inlet& inlet) noexcept {
    COMMY_POINT("mailbox.wait");
    std::uintptr_t nothing = 0;
    // [wait] release, pairs with the acquire of whoever replaces `waiting`;
    // seq_cst: see [signal].
    return inlet.urgent_.compare_exchange_strong(
        nothing, mailbox_inlet::urgent_waiting, std::memory_order_seq_cst,
        std::memory_order_relaxed);
  }

  /// The urgent envelopes, oldest first, linked by `next`; null when none.
  [[nodiscard]] envelope* take_urgent(mailbox_inlet& inlet) noexcept;

  [[nodiscard]] static bool has_urgent(const mailbox_inlet& inlet) noexcept {
    COMMY_POINT("mailbox.has_urgent");
    // relaxed: take_urgent() acquires.
    return inlet.urgent_.load(std::memory_order_relaxed) >
           mailbox_inlet::urgent_closed;
  }

  /// The signals raised and not yet taken.
  [[nodiscard]] static std::uint32_t signals(
      const mailbox_inlet& inlet) noexcept {
    COMMY_POINT("mailbox.signals");
    // seq_cst: see [signal]. A plain load on x86.
    return static_cast<std::uint32_t>(
        inlet.life_.load(std::memory_order_seq_cst));
  }
  static void clear_signals(mailbox_inlet& inlet, std::uint32_t seen) noexcept {
    COMMY_POINT("mailbox.clear_signals");
    // relaxed: they have been read; those raised since stay.
    inlet.life_.fetch_and(~static_cast<std::uint64_t>(seen),
                          std::memory_order_relaxed);
  }

  /// From now on no message enters; those inside can still be popped.
  void close(mailbox_inlet& inlet) noexcept;
  /// From now on no answer enters; those inside are returned as by
  /// `take_urgent`.
  [[nodiscard]] envelope* close_urgent(mailbox_inlet& inlet) noexcept;
  /// Nothing left to pop. Requires: closed.
  [[nodiscard]] bool is_drained(const mailbox_inlet& inlet) const noexcept;
  /// Ends this generation: handles to it are stale from now on. Requires: both
  /// lanes closed, drained.
  void retire(mailbox_inlet& inlet) noexcept;

private:
  void drop_tail() noexcept {
    if (tail_ != &stub_) free_envelope(*static_cast<envelope*>(tail_));
  }

  envelope_link* tail_ = nullptr;
  envelope_link stub_{};  // The list's first node; it is never without one.
};
static_assert(sizeof(mailbox_outlet) == 16);

}  // namespace commy::message
