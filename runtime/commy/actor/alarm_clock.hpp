// commy/actor/alarm_clock.hpp: wakes actors whose wait or back-off has ended.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/system_thread.hpp>
#include <commy/base/blocking.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace commy::actors {

/// A heap of cells by time, and one thread that sleeps until the earliest.
///
/// An actor waits for one thing at a time, so a cell is in the heap at most
/// once and the heap is bounded by the number of actors. It is lazy: an ask
/// whose deadline is not before the entry that the cell already has costs no
/// lock; when the entry comes up, the clock looks at the deadline of that
/// moment, and drops the entry, moves it, or rings. So an actor that asks a
/// million times a second with a timeout of a second costs one entry a second,
/// and without waits the thread sleeps for ever.
///
/// `deadline` (written by the owner) and `alarm_at` (by the clock) follow
/// Dekker's pattern: each writes its own, fences, reads the other's.
class alarm_clock {
public:
  /// What the time is taken from.
  enum class source : std::uint8_t {
    steady,  ///< The system's steady clock.
    manual   ///< `advance_to`, which also rings; there is no thread.
  };

  /// Throws `thread_failure` as `system_thread::start` does.
  explicit alarm_clock(const system_options& options);
  alarm_clock(const alarm_clock&) = delete;
  alarm_clock& operator=(const alarm_clock&) = delete;
  ~alarm_clock();

  /// Now, and now plus `wait`, in ns of this clock; never overflows.
  [[nodiscard]] std::int64_t now() const noexcept;
  [[nodiscard]] std::int64_t after(
      std::chrono::nanoseconds wait) const noexcept;
  /// The same for a wait that may be a hundredth longer or shorter, if it lasts
  /// for a hundred ticks of the system: the price of a cheaper look at the
  /// clock (5 ns instead of 25).
  [[nodiscard]] std::int64_t roughly_after(
      std::chrono::nanoseconds wait) const noexcept;
  /// Of the system's steady clock, whatever the source.
  [[nodiscard]] static std::int64_t steady_now() noexcept;

  /// When the next alarm may ring; `cell::never` if none is set.
  [[nodiscard]] std::int64_t earliest() noexcept;
  /// Sets the time and rings what is due by then. Requires: a manual source,
  /// and no time before now.
  void advance_to(std::int64_t time) noexcept;

  /// Makes room for the entries of that many actors, so that no later call
  /// allocates. Throws `std::bad_alloc`.
  void reserve(std::size_t actors);

  /// Sees to it that the alarm signal is raised when `c.deadline` has passed.
  /// It may come more often: the owner compares the time. Owner of `c` only,
  /// after storing the deadline and a full fence.
  void arm(cell& c) noexcept {
    // relaxed: ordered by the caller's fence.
    if (c.alarm_at.load(std::memory_order_relaxed) <=
        c.deadline.load(std::memory_order_relaxed)) {
      return;
    }
    insert(c);
  }

  /// Afterwards the clock does not touch `c`. Owner only.
  void forget(cell& c) noexcept;

  /// Ends the thread; no alarm rings afterwards.
  void stop() noexcept;

private:
  void insert(cell& c) noexcept;
  void run() noexcept;
  void ring(cell& c) noexcept;
  void place(std::size_t index, cell& c) noexcept;
  void sift_up(std::size_t index) noexcept;
  void sift_down(std::size_t index) noexcept;
  void remove(std::size_t index) noexcept;

  const source from_;
  const std::int64_t tick_ns_;
  // relaxed: a number of its own.
  std::atomic<std::int64_t> manual_now_{0};
  blocking::mutex mutex_;
  blocking::condition_variable earlier_;
  std::vector<cell*> heap_;  // By `alarm_at`; a cell knows its index.
  bool stopping_ = false;
  system_thread thread_;
};

}  // namespace commy::actors
