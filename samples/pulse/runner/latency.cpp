#include "pulse/runner/latency.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace pulse {
namespace {

constexpr std::uint64_t steps = 16;

/// Below 16 ns each has its own bucket; above, the four bits behind the first.
std::size_t bucket_of(std::uint64_t ns) noexcept {
  if (ns < steps) return ns;
  const auto shift = static_cast<std::uint64_t>(std::bit_width(ns)) - 5;
  return steps * (shift + 1) + ((ns >> shift) - steps);
}

/// The largest time that falls into a bucket.
std::uint64_t top_of(std::size_t bucket) noexcept {
  if (bucket < steps) return bucket;
  const auto shift = bucket / steps - 1;
  return ((steps + bucket % steps + 1) << shift) - 1;
}

}  // namespace

void latency::add(std::uint64_t ns) noexcept {
  ++buckets_[bucket_of(ns)];
  ++count_;
}

std::uint64_t latency::percentile(double percent) const noexcept {
  const auto wanted =
      std::max(1.0, std::ceil(static_cast<double>(count_) * percent / 100));
  double seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += static_cast<double>(buckets_[i]);
    if (seen >= wanted) return top_of(i);
  }
  return 0;
}

}  // namespace pulse
