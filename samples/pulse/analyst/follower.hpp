// samples/pulse/analyst/follower.hpp: reading a history as it grows.
#pragma once

#include "pulse/objects.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace pulse {

/// Hands out each sample of a history once, in order. Threads: one at a time.
class follower {
public:
  /// Begins behind the sample of that number; 0 is before the first.
  follower(history_deque history, std::uint64_t number)
      : history_{std::move(history)}, number_{number} {}

  /// Samples up to that number which are still in the history, at most `count`.
  [[nodiscard]] commy::result<std::vector<pulse_point>, commy::read_error>
  before(std::uint64_t count) const;

  /// Waits for new samples, at most `at_most`; may be none. One that stayed
  /// behind further than the history reaches misses the oldest.
  commy::result<std::vector<pulse_point>, commy::read_error> next(
      std::chrono::milliseconds at_most);

private:
  history_deque history_;
  std::uint64_t number_;
  std::uint64_t seen_version_ = 0;
};

}  // namespace pulse
