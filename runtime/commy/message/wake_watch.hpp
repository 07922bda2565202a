// commy/message/wake_watch.hpp: makes a reader of shared cells an event to wait
// on.
#pragma once

#include <commy/message/reader_wait.hpp>
#include <commy/platform/event_flag.hpp>
#include <commy/platform/thread_hint.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace commy::message {

/// A thread that waits for a reader's next message and sets a flag, on which an
/// event loop sleeps. Neither an eventfd nor a pipe of this process can be
/// written by another one that was not given it, and senders know only lanes:
/// so it is this process that turns a wake of a lane into an event.
///
/// Level triggered: the flag is set while something may be there, and cleared
/// by the `try_take` that finds nothing; then the thread sleeps again, and
/// looks once more itself before. Cost: one thread with one lane, however the
/// reader was told to wait; a wake of that thread and one write for each time
/// the flag turns set, so about twice the delay of `wait`; nothing for a
/// message that comes while it is set.
///
/// The reader, an inbox's ring or a subscription, has what reader_wait asks
/// for (but `check_all`), callable by this thread beside the reading one, and
///
///     bool is_astray()              after a whole nap: true when it reads
///                                   where nothing will ever be, which the
///                                   `try_take` that follows puts right
///     void wake_sleeper()           this thread, if it sleeps
///     longest_nap(), owner()
template <class Reader>
class wake_watch {
public:
  using clock = std::chrono::steady_clock;

  /// `of` outlives it. Throws std::system_error.
  explicit wake_watch(Reader& of) : of_{of}, thread_{[this] { run(); }} {}
  wake_watch(const wake_watch&) = delete;
  wake_watch& operator=(const wake_watch&) = delete;
  ~wake_watch() {
    {
      const std::scoped_lock lock{mutex_};
      // seq_cst: before the look for a sleeper, as an interrupt.
      stop_.store(true, std::memory_order_seq_cst);
    }
    cleared_.notify_all();
    of_.wake_sleeper();
    thread_.join();
  }

  [[nodiscard]] platform::native_event native() const noexcept {
    return flag_.native();
  }
  /// The reader has looked in vain. Cost: a load, when it is not set.
  void found_nothing() noexcept {
    // relaxed: set by a look that came later than ours, it is cleared in vain,
    // and the thread looks again.
    if (!set_.load(std::memory_order_relaxed)) return;
    {
      const std::scoped_lock lock{mutex_};
      set_.store(false, std::memory_order_relaxed);
      flag_.clear();
    }
    cleared_.notify_one();
  }
  /// For the reading thread, in place of a sleep of its own.
  [[nodiscard]] bool wait(clock::time_point deadline) {
    for (;;) {
      if (of_.look_at_next() == look::something) return true;
      // Set for what was read since, or by an interrupt. Both are looked for
      // behind it: what sets the flag later is not cleared.
      found_nothing();
      if (of_.look_at_next() == look::something) return true;
      if (of_.take_interrupt()) return false;
      const auto now = clock::now();
      if (now >= deadline) return false;
      static_cast<void>(flag_.wait_for(deadline - now));
    }
  }
  /// Sets the flag. Threads: any.
  void raise() noexcept {
    const std::scoped_lock lock{mutex_};
    set_.store(true, std::memory_order_relaxed);
    flag_.set();
  }

private:
  /// The thread's side of reader_wait.
  struct looking {
    wake_watch& watch;

    [[nodiscard]] look look_at_next() const noexcept {
      return watch.of_.look_at_next();
    }
    void announce(std::uint64_t lane_plus_one) const noexcept {
      watch.of_.announce(lane_plus_one);
    }
    void withdraw() const noexcept { watch.of_.withdraw(); }
    [[nodiscard]] bool take_interrupt() const noexcept {
      return watch.stop_.load(std::memory_order_seq_cst);
    }
    [[nodiscard]] bool skip_dead_claim() const noexcept {
      return watch.of_.skip_dead_claim();
    }
    void check_all() const noexcept {
      if (watch.of_.is_astray()) watch.raise();
    }
  };

  void run() {
    platform::name_this_thread("commy watch");
    looking thread{*this};
    while (!stop_.load(std::memory_order_relaxed)) {
      if (reader_wait::sleep(*of_.owner(), thread, clock::time_point::max(),
                             of_.longest_nap())) {
        raise();
      }
      std::unique_lock lock{mutex_};
      cleared_.wait(lock, [&] {
        return !set_.load(std::memory_order_relaxed) ||
               stop_.load(std::memory_order_relaxed);
      });
    }
  }

  Reader& of_;
  std::mutex mutex_;  // Of flag and `set_`, which are changed together.
  std::condition_variable cleared_;
  platform::event_flag flag_;
  std::atomic<bool> set_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;  // Last: it uses all of them.
};

}  // namespace commy::message
