// samples/pulse/analyst/recent.hpp: means over the last minute of samples.
#pragma once

#include "pulse/analysis.hpp"

#include <chrono>
#include <cstdint>
#include <deque>

namespace pulse {

/// Samples of the last minute, and their means. The time that counts is that
/// of the samples, so a stopped sampler freezes the means.
class recent_samples {
public:
  /// Requires nothing of the order: when the clock was set back, what is newer
  /// than `point` is forgotten.
  void add(const pulse_point& point);

  /// From the first sample to the last.
  [[nodiscard]] std::chrono::nanoseconds span() const noexcept;

  /// Of nothing they are zero.
  [[nodiscard]] averages cpu_percent() const;
  [[nodiscard]] averages memory_percent() const;

private:
  struct entry {
    std::uint64_t taken_ns;
    double cpu_percent;
    double memory_percent;
  };
  [[nodiscard]] averages means_of(double entry::* value) const;

  // The oldest first. The shortest period of the sampler is 20 ms, so a minute
  // has 3,000; from who writes faster, the last 4,096 are kept.
  std::deque<entry> entries_;
};

}  // namespace pulse
