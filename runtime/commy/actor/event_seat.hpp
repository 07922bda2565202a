// commy/actor/event_seat.hpp: which worker of a pool is in its event source.
#pragma once

#include <commy/actor/event_source.hpp>

#include <atomic>
#include <cstdint>

namespace commy::actors {

/// A pool's place for one event source, and in it a seat for one worker. A
/// worker takes the seat to poll the source, or to wait in it, and leaves it
/// before it runs an actor.
///
/// Why nobody sleeps who should not, each time two stores and two looks in
/// opposite order, all seq_cst:
///
///     a worker takes the seat,      who wakes it takes its bit in `parked`,
///     then looks at its bit         then looks at the seat and interrupts
///     a worker takes the seat,      who stops the pool says so,
///     then looks whether it stops   then interrupts
///     a worker takes the seat,      who attaches a source shows it, then looks
///     having looked at the source   for workers that search or are parked
///     a worker leaves the seat,     who detaches says so, then looks at the
///     then looks for who detaches   seat, interrupts, and waits for it
///     who interrupts counts itself, who detaches takes the source away, then
///     then looks at the source      waits until nobody is counted
///
/// Threads: any; `try_take` to `leave` by one worker each.
class event_seat {
public:
  /// False when there is a source already.
  [[nodiscard]] bool attach(event_source& source) noexcept;
  /// Takes the source away and returns when nobody is inside of it any more.
  /// Nothing when it is not the one that is attached.
  void detach(event_source& source) noexcept;

  /// Is there a source that nobody polls? Cost: a load; with a source, two.
  [[nodiscard]] bool is_free() const noexcept {
    // relaxed: try_take() decides.
    return source_.load(std::memory_order_relaxed) != nullptr &&
           holder_.load(std::memory_order_relaxed) == 0;
  }
  /// The seat's worker plus one, 0 for none. A hint.
  [[nodiscard]] std::uint32_t holder() const noexcept {
    // relaxed: a hint.
    return holder_.load(std::memory_order_relaxed);
  }
  /// The source, now this worker's; null when there is none or it is another's.
  [[nodiscard]] event_source* try_take(unsigned worker) noexcept;
  void leave() noexcept;

  /// Ends the wait of this worker, if it is in the source.
  void interrupt(unsigned worker) noexcept;
  /// Ends anybody's.
  void interrupt_any() noexcept;

  /// Should another worker take the seat, though there is nothing to do for it?
  /// So after it was empty for longer than a tick of the clock, because who had
  /// left it ran a long handler: then for its next 16 takings a worker that
  /// leaves it wakes another one first. Else that is not worth its cost.
  [[nodiscard]] bool wants_keeper() const noexcept {
    // relaxed: a hint.
    return wanted_.load(std::memory_order_relaxed) != 0 && is_free();
  }
  /// Says so for the next taking, because who had the seat does other work.
  void want_keeper() noexcept {
    std::uint32_t none = 0;
    // relaxed: a hint.
    wanted_.compare_exchange_strong(none, 1, std::memory_order_relaxed);
  }

private:
  void note_absence() noexcept;

  std::atomic<event_source*> source_{nullptr};
  std::atomic<std::uint32_t> holder_{0};
  std::atomic<bool> detaching_{false};
  std::atomic<std::uint32_t> interrupting_{0};
  // Written by who takes or leaves the seat.
  std::atomic<std::uint32_t> wanted_{0};
  std::atomic<std::int64_t> left_at_ns_{0};
};

}  // namespace commy::actors
