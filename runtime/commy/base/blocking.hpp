// commy/base/blocking.hpp: what threads of the runtime wait by.
#pragma once

#include <commy/base/interleaving.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

/// The standard's mutexes, condition variables, threads and waits under names
/// of our own, so that the tests of interleavings can put theirs in place: they
/// have to know who waits for what. The actors' code uses these, unless nothing
/// in a locked region has a point and the lock's own order tells nothing.
namespace commy::blocking {

#ifndef COMMY_INTERLEAVING

using std::condition_variable;
using std::mutex;
using std::thread;
using clock = std::chrono::steady_clock;

inline void yield() noexcept { std::this_thread::yield(); }

/// `word.wait(seen, order)`.
template <class T>
void wait(const std::atomic<T>& word, T seen,
          std::memory_order order) noexcept {
  word.wait(seen, order);
}
template <class T>
void notify_one(std::atomic<T>& word) noexcept {
  word.notify_one();
}

/// `flag.wait_for(at_most)`, of an event_flag.
template <class Flag>
[[nodiscard]] bool wait_for(Flag& flag,
                            std::chrono::nanoseconds at_most) noexcept {
  return flag.wait_for(at_most);
}

#else

struct clock {
  using time_point = std::chrono::steady_clock::time_point;
  static time_point now() noexcept {
    return time_point{std::chrono::nanoseconds{interleaving::now_ns()}};
  }
};

inline void yield() noexcept { interleaving::yield(); }

/// The time that `wait` from now will be; never overflows.
inline std::int64_t after(std::chrono::nanoseconds wait) noexcept {
  const auto now = interleaving::now_ns();
  return wait.count() < interleaving::never_ns - now ? now + wait.count()
                                                     : interleaving::never_ns;
}

template <class T>
void wait(const std::atomic<T>& word, T seen,
          std::memory_order order) noexcept {
  interleaving::point("wait");
  while (word.load(order) == seen)
    interleaving::wait("wait", &word, interleaving::never_ns);
}
template <class T>
void notify_one(std::atomic<T>& word) noexcept {
  interleaving::point("notify");
  interleaving::wake_one(&word);
}

template <class Flag>
[[nodiscard]] bool wait_for(Flag& flag,
                            std::chrono::nanoseconds at_most) noexcept {
  interleaving::point("flag");
  return interleaving::wait_until(
      "flag", [&] { return flag.wait_for(std::chrono::nanoseconds{0}); },
      after(at_most));
}

/// One thread runs at a time, so a flag is all there is to a lock.
class mutex {
public:
  constexpr mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() noexcept {
    interleaving::point("lock");
    while (locked_)
      interleaving::wait("lock", this, interleaving::never_ns);
    locked_ = true;
  }
  [[nodiscard]] bool try_lock() noexcept {
    interleaving::point("try_lock");
    return !std::exchange(locked_, true);
  }
  void unlock() noexcept {
    locked_ = false;
    interleaving::wake_one(this);
  }

private:
  bool locked_ = false;
};

class condition_variable {
public:
  using lock = std::unique_lock<mutex>;

  void wait(lock& hold) noexcept { wait_till(hold, interleaving::never_ns); }
  template <class Met>
  void wait(lock& hold, Met met) {
    while (!met())
      wait(hold);
  }
  void wait_until(lock& hold, clock::time_point until) noexcept {
    wait_till(hold, std::chrono::nanoseconds{until.time_since_epoch()}.count());
  }
  template <class Met>
  [[nodiscard]] bool wait_for(lock& hold, std::chrono::nanoseconds at_most,
                              Met met) {
    const auto until = after(at_most);
    while (!met()) {
      if (!wait_till(hold, until)) return met();
    }
    return true;
  }
  void notify_one() noexcept { interleaving::wake_one(this); }
  void notify_all() noexcept { interleaving::wake_all(this); }

private:
  // Nobody runs between the two, as nobody comes between them in the standard's
  // wait.
  bool wait_till(lock& hold, std::int64_t until_ns) noexcept {
    hold.unlock();
    const bool woken = interleaving::wait("condition", this, until_ns);
    hold.lock();
    return woken;
  }
};

class thread {
public:
  thread() noexcept = default;
  template <class F>
  explicit thread(F run)
      : self_{&interleaving::announce()},
        thread_{[self = self_, run = std::move(run)]() mutable {
          const interleaving::presence here{*self};
          run();
        }} {
    interleaving::point("thread");
  }

  [[nodiscard]] bool joinable() const noexcept { return thread_.joinable(); }
  void join() {
    interleaving::join(*self_);
    thread_.join();
  }

private:
  interleaving::participant* self_ = nullptr;
  std::thread thread_;
};

#endif

}  // namespace commy::blocking
