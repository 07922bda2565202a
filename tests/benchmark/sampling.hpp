// tests/benchmark/sampling.hpp: how long something takes, many times over.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

namespace commy::benchmark {

/// Percentiles of one thing's time.
struct percentiles {
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
};

[[nodiscard]] inline percentiles of(std::vector<double>& samples) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    return samples[static_cast<std::size_t>(
        share * static_cast<double>(samples.size() - 1))];
  };
  return {at(0.5), at(0.99), at(0.999)};
}

/// Nanoseconds of one call of `work(i)`. Times batches, because reading the
/// clock costs as much as what is timed; a batch is short enough (100 calls)
/// for the 99th percentile to show what disturbs single calls.
template <class Work>
[[nodiscard]] std::vector<double> sample(Work&& work, std::size_t batches) {
  using clock = std::chrono::steady_clock;
  constexpr std::size_t calls = 100;
  std::vector<double> times;
  times.reserve(batches);
  for (std::size_t b = 0; b < batches; ++b) {
    const auto begin = clock::now();
    for (std::size_t i = 0; i < calls; ++i)
      work(b * calls + i);
    const std::chrono::duration<double, std::nano> took = clock::now() - begin;
    times.push_back(took.count() / calls);
  }
  return times;
}

/// Times ours and a peer's in turn, so that a machine whose speed wanders
/// treats both alike. First round of each is warm-up.
template <class Ours, class Theirs>
[[nodiscard]] std::pair<percentiles, percentiles> beside(Ours&& ours,
                                                         Theirs&& theirs) {
  constexpr std::size_t rounds = 20;
  constexpr std::size_t batches = 500;
  std::vector<double> mine;
  std::vector<double> other;
  for (std::size_t r = 0; r <= rounds; ++r) {
    const auto a = sample(ours, batches);
    const auto b = sample(theirs, batches);
    if (r == 0) continue;
    mine.insert(mine.end(), a.begin(), a.end());
    other.insert(other.end(), b.begin(), b.end());
  }
  return {of(mine), of(other)};
}

/// Keeps a value that nobody looks at from being optimised away.
template <class T>
inline void keep(const T& value) noexcept {
  asm volatile("" : : "r,m"(value) : "memory");
}

}  // namespace commy::benchmark
