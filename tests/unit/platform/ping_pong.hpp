// tests/unit/platform/ping_pong.hpp: two sides that wake each other in turn.
#pragma once

#include <commy/platform/mapping.hpp>
#include <commy/platform/thread_hint.hpp>
#include <commy/platform/wake.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

/// Lies in a shared file, which starts as zeros.
struct ping_pong_table {
  std::atomic<std::uint32_t> park_word[2];  // One for each side's lane.
  std::atomic<std::uint32_t> ball;          // Even: ping's turn to hit.
  std::atomic<std::uint32_t> rounds;        // How many times ping hits.
};

inline ping_pong_table& table_in(const commy::platform::mapping& map) {
  return *reinterpret_cast<ping_pong_table*>(map.data());
}

inline constexpr std::uint32_t ping_pong_rounds = 100'000;

enum class side : std::uint32_t { ping = 0, pong = 1 };

/// Small numbers, the same in each run, with another row for each side.
class spin_lengths {
public:
  explicit spin_lengths(side whose) noexcept
      : state_{0x5EED + static_cast<std::uint64_t>(whose)} {}

  /// Mostly none; else up to some microseconds.
  unsigned next() noexcept {
    // Knuth's constants, MMIX.
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    const auto bits = static_cast<unsigned>(state_ >> 40U);
    return bits % 2 == 0 ? 0 : bits / 2 % 64;
  }

private:
  std::uint64_t state_;
};

/// Plays one side to the end. Now and then a side looks out for the ball for a
/// moment before it parks, or lets the other wait for a moment, so that hits
/// meet the other side awake, asleep and everywhere in between. Returns how
/// many waits ran into their deadline: each of these is a lost wake.
inline int play_ping_pong(ping_pong_table& table, side me) {
  using namespace std::chrono_literals;
  using clock = std::chrono::steady_clock;
  constexpr auto deadline = 5s;
  commy::platform::parking_lot lot{0x9126'9126};
  const auto own = static_cast<std::uint32_t>(me);
  const auto other = 1 - own;
  const auto hits = table.rounds.load(std::memory_order_relaxed);
  spin_lengths spins{me};
  const auto is_mine = [&] {
    // acquire, pairs with the other side's release below.
    return table.ball.load(std::memory_order_acquire) % 2 == own;
  };
  int lost = 0;
  for (std::uint32_t i = 0; i < hits; ++i) {
    for (auto n = 16 * spins.next(); n > 0 && !is_mine(); --n) {
      commy::platform::cpu_relax();
    }
    for (;;) {
      // acquire, pairs with the release in unpark(), and comes before the look
      // at the ball, so that a hit after that look changes the word.
      const auto seen = table.park_word[own].load(std::memory_order_acquire);
      if (is_mine()) break;
      const auto asleep = clock::now();
      lot.park(own, table.park_word[own], seen, deadline);
      if (clock::now() - asleep >= deadline) ++lost;
      if (lost > 3) return lost;
    }
    for (auto n = spins.next(); n > 0; --n)
      commy::platform::cpu_relax();
    // release, pairs with the acquire above.
    table.ball.fetch_add(1, std::memory_order_release);
    lot.unpark(other, table.park_word[other]);
  }
  return lost;
}
