// commy/message/spin_budget.hpp: how long looking may take before sleeping.
#pragma once

#include <algorithm>
#include <chrono>

namespace commy::message {

/// What a reader may still spend on looking for messages that do not come.
/// Looking that finds one is not charged: it cost less than the wake-up that it
/// saved. Looking in vain is, and one part in 25 of the time that passes comes
/// back, so over any time it takes at most 4 % of a core and `most`. A budget
/// that was saved while nothing came lets a conversation that begins after a
/// long silence spin from its second message on.
/// Threads: one at a time.
class spin_budget {
public:
  using clock = std::chrono::steady_clock;
  /// About what it costs to wake a sleeper on another core (21 to 24 us): so
  /// one look never wastes more than it can save.
  static constexpr std::chrono::nanoseconds longest{20'000};
  /// Ten looks in vain in a row.
  static constexpr std::chrono::nanoseconds most = 10 * longest;
  static constexpr int share = 25;

  /// How long a look that begins now may take.
  [[nodiscard]] std::chrono::nanoseconds allowed(
      clock::time_point now) noexcept {
    left_ = std::min(most, left_ + (now - last_) / share);
    last_ = now;
    return std::min(left_, longest);
  }
  /// A look took so long and found nothing.
  void charge(std::chrono::nanoseconds spent) noexcept { left_ -= spent; }

private:
  clock::time_point last_{};
  std::chrono::nanoseconds left_ = most;
};

}  // namespace commy::message
