// commy/host/restart_budget.hpp: whether to start it again, and after how long.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>

namespace commy::host {

/// Decides on restarts of one process: at most `max_restarts` within any time
/// span of `within`, after pauses that double from 50 ms to 5 s as long as it
/// keeps ending within a second. Each pause is up to a quarter longer or
/// shorter, so that processes which died together do not start together. Time
/// is the caller's, so that tests need not wait.
class restart_budget {
public:
  using time = std::chrono::steady_clock::time_point;

  restart_budget(std::uint32_t max_restarts, std::chrono::nanoseconds within,
                 std::uint64_t seed);

  /// It was started at `started` and ended at `ended`: the pause before it is
  /// started again, or nothing when it has ended too often.
  std::optional<std::chrono::milliseconds> pause_after(time started,
                                                       time ended);

private:
  std::uint32_t max_restarts_;
  std::chrono::nanoseconds within_;
  std::deque<time> restarts_;  // At most `max_restarts_`, oldest first.
  std::chrono::milliseconds pause_;
  std::mt19937_64 random_;
};

}  // namespace commy::host
