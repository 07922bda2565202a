// tests/support/race_rounds.hpp: how often a race between threads is run.
#pragma once

#include <chrono>

namespace commy::test {

/// Rounds of a race, of which threads that sleep, spin or wait for each other
/// run one after the other: `most`, or, when these take longer than ten
/// seconds, 200 at least. On a free machine all take a second. Where others
/// want the cores, each round may wait several turns of milliseconds; a test
/// that insisted on all would measure how busy the machine is.
///
///     for (race_rounds round{20'000}; round.next();)
class race_rounds {
public:
  static constexpr int fewest = 200;
  static constexpr std::chrono::seconds longest{10};

  explicit race_rounds(int most) noexcept : most_{most} {}

  /// Is there one more?
  [[nodiscard]] bool next() noexcept {
    if (number_ == most_) return false;
    if (number_ >= fewest && clock::now() - begun_ > longest) return false;
    ++number_;
    return true;
  }
  /// Of this round, from 1; after the last one, how many there were.
  [[nodiscard]] int number() const noexcept { return number_; }

private:
  using clock = std::chrono::steady_clock;

  int most_;
  int number_ = 0;
  clock::time_point begun_ = clock::now();
};

}  // namespace commy::test
