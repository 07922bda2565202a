// commy/platform/detail/deadline.hpp: a wait that is resumed keeps its end.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace commy::platform::detail {

/// A moment on the monotonic clock, `at_most` from its construction on.
class deadline {
public:
  using clock = std::chrono::steady_clock;

  explicit deadline(std::chrono::milliseconds at_most) noexcept
      : end_{clock::now() +
             std::min<std::chrono::milliseconds>(at_most, longest)} {}

  /// What is left in whole milliseconds, rounded up, never negative: fits the
  /// `int` of poll().
  [[nodiscard]] int left_ms() const noexcept {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end_ - clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }

private:
  // As good as for ever, and below 2^31 ms; `now() + max` would overflow.
  static constexpr std::chrono::hours longest{24 * 24};

  clock::time_point end_;
};

}  // namespace commy::platform::detail
