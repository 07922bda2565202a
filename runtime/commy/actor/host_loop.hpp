// commy/actor/host_loop.hpp: actors that run in a loop of the host's own.
#pragma once

#include <commy/actor/actor_pool.hpp>
#include <commy/base/blocking.hpp>
#include <commy/platform/event_flag.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace commy::actors {

/// Runs actors on whatever thread calls, one thread at a time. The flag is set
/// while an actor is ready, so an event loop can sleep on it.
class host_loop final : public actor_pool {
public:
  explicit host_loop(system_core& system);

  void schedule(cell& c) noexcept override;
  void stop() noexcept override {}

  /// Holds the right to run actors here for a scope, if it is had within
  /// `at_most`. While one lives, another thread does not get it.
  class turn_right {
  public:
    turn_right(host_loop& loop, std::chrono::nanoseconds at_most);
    turn_right(const turn_right&) = delete;
    turn_right& operator=(const turn_right&) = delete;
    ~turn_right();
    explicit operator bool() const noexcept { return loop_ != nullptr; }

  private:
    host_loop* loop_;
  };

  // The following require the right.

  /// Gives those that are ready now one turn each; returns how many.
  std::size_t run_ready() noexcept;
  /// Turns of all times.
  [[nodiscard]] std::size_t turns() const noexcept { return turns_; }
  /// Runs actors, and waits where none is ready, until `met()` or the time is
  /// over; the last value of `met()`. What makes it true sets the flag.
  bool run_until(const std::function<bool()>& met,
                 std::chrono::nanoseconds at_most);

  /// Set while an actor is ready; who sets it ends a wait. Whoever keeps it may
  /// do so after the loop is gone.
  [[nodiscard]] const std::shared_ptr<platform::event_flag>& flag()
      const noexcept {
    return flag_;
  }

private:
  blocking::mutex mutex_;
  std::vector<cell*> ready_;
  // Of the thread with the right.
  std::vector<cell*> running_;
  std::size_t turns_ = 0;
  std::shared_ptr<platform::event_flag> flag_;

  blocking::mutex right_mutex_;
  blocking::condition_variable right_free_;
  bool busy_ = false;
};

}  // namespace commy::actors
