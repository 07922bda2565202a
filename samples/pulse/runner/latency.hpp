// samples/pulse/runner/latency.hpp: how long operations took, by percentile.
#pragma once

#include <array>
#include <cstdint>

namespace pulse {

/// Counts times in buckets of 1/16 of their size, so that a percentile is right
/// to some 6 %, in 8 KiB, however many there are. Threads: one at a time.
class latency {
public:
  void add(std::uint64_t ns) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// The time, in ns, that `percent` of all did not exceed; 0 without any.
  [[nodiscard]] std::uint64_t percentile(double percent) const noexcept;

private:
  // 16 buckets for each of the 60 powers of two above 8, and 16 below.
  std::array<std::uint64_t, std::size_t{16} * 61> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace pulse
