// samples/pulse/sampler/process_window.hpp: which processes are busy.
#pragma once

#include "pulse/proc/machine.hpp"
#include "pulse/sample.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

namespace pulse {

/// Finds the busiest processes of the last second. The kernel counts a
/// process's time in ticks of some 10 ms, so between two samples it is a tenth
/// of a CPU or nothing; over a second it is a number worth showing.
class process_window {
public:
  explicit process_window(double ticks_per_second) noexcept
      : ticks_per_second_{ticks_per_second} {}

  /// Takes a reading in, and returns the busiest processes of the last second,
  /// at most PULSE_TOP, the busiest first; idle ones are left out. A process
  /// counts from the first reading that has it.
  std::vector<pulse_process> add(const proc::machine_reading& now);

private:
  struct seen {
    std::uint32_t pid;
    std::uint64_t started_ticks;
    std::uint64_t ticks;
  };
  struct past_reading {
    std::chrono::steady_clock::time_point at;
    std::vector<seen> processes;  // In the order of their pids.
  };
  [[nodiscard]] double percent_of(
      const proc::process_times& process,
      std::chrono::steady_clock::time_point now) const;

  double ticks_per_second_;
  // Those of the last second, and the last one before; the oldest first. At a
  // period of 100 ms they are eleven, at the shortest period fifty.
  std::deque<past_reading> past_;
};

}  // namespace pulse
