// samples/pulse/sampler/schedule.hpp: when the next sample is due.
#pragma once

#include <gsl/gsl>

#include <chrono>

namespace pulse {

/// The moment after `last` in steps of `period`, counted from moment to moment
/// and not from `now` on, so that being late does not add up. Moments that are
/// a whole period past (the machine slept, the process was stopped) are left
/// out, so that no burst of samples follows. Requires: `period` is positive.
[[nodiscard]] inline std::chrono::steady_clock::time_point next_moment(
    std::chrono::steady_clock::time_point last,
    std::chrono::steady_clock::time_point now,
    std::chrono::nanoseconds period) noexcept {
  Expects(period.count() > 0);
  const auto next = last + period;
  return now < next + period ? next : next + (now - next) / period * period;
}

}  // namespace pulse
