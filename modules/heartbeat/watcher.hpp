// modules/heartbeat/watcher.hpp: the thread that looks, beats and sweeps.
#pragma once

#include "modules/heartbeat/watch_list.hpp"
#include <commy/host/host_events.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace commy::heartbeat {

/// Looks at all segments once per period, and at once when a process of the
/// host has ended. Threads: any may call any member.
class watcher {
public:
  struct options {
    std::chrono::nanoseconds period{};
    std::chrono::nanoseconds slow_after{};
    /// Called after each round, in the watcher's thread.
    std::function<void()> after_round;
  };

  /// `events` must outlive this object.
  watcher(std::vector<segment> segments, host_events& events, options how);
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  /// Ends the thread; waits for a round that is under way.
  ~watcher();

  [[nodiscard]] std::vector<participant_report> reports() const;

private:
  struct entry {
    segment shared;
    watch_list list;
  };
  void run();
  void round(const std::set<std::uint32_t>& killed);
  std::set<std::uint32_t> wait_for_round();

  host_events& events_;
  const options how_;
  mutable std::mutex lists_mutex_;
  std::vector<entry> entries_;  // Fixed; the lists are under the mutex.

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::set<std::uint32_t> killed_;  // Not yet seen by a round.
  std::set<std::uint32_t> before_;  // Seen by the last round.
  event_subscription processes_;
  std::thread thread_;
};

}  // namespace commy::heartbeat
