// tests/unit/containers/random_steps.hpp: dice for random operations.
#pragma once

#include <commy/platform/liveness.hpp>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace commy::test {

/// $COMMY_SEED, or one of the day's own; shown when a test fails.
inline std::uint64_t pick_seed() {
  if (const auto* const said = std::getenv("COMMY_SEED")) {
    return std::strtoull(said, nullptr, 10);
  }
  return platform::random_u64() % 1'000'000'000;
}

/// What a trace of a sound segment has to say.
inline const std::string sound;

class dice {
public:
  explicit dice(std::uint64_t seed) : random_{seed} {}
  std::uint64_t raw() { return random_(); }
  int below(int end) {
    return static_cast<int>(random_() % static_cast<std::uint64_t>(end));
  }
  std::size_t index(std::size_t end) { return random_() % end; }
  /// Mostly inside a cell, often in a block, now and then in a run.
  std::string text() {
    const auto kind = below(20);
    const auto length = kind < 8    ? below(16)
                        : kind < 19 ? below(300)
                                    : below(20'000);
    std::string made;
    for (int i = 0; i < length; ++i) {
      made += static_cast<char>('a' + (i + kind) % 26);
    }
    return made;
  }
  /// At most 40 bytes: half of them inside a cell.
  std::string short_text() {
    std::string made(static_cast<std::size_t>(below(8)),
                     static_cast<char>('a' + below(26)));
    made += std::to_string(below(1000));
    if (below(3) == 0) made += " and some twenty bytes more";
    return made;
  }
  std::string name() {
    const auto number = std::to_string(below(300));
    return below(2) == 0 ? number : "a name beyond fifteen: " + number;
  }

private:
  std::mt19937_64 random_;
};

}  // namespace commy::test
