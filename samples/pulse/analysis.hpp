// samples/pulse/analysis.hpp: what the analyst has found out.
#pragma once

#include "pulse/sample.h"

#include <boost/describe.hpp>

#include <cstdint>

namespace pulse {

/// Means over the last second, ten seconds and minute of samples.
struct averages {
  double over_1s = 0;
  double over_10s = 0;
  double over_60s = 0;
};
BOOST_DESCRIBE_STRUCT(averages, (), (over_1s, over_10s, over_60s))

/// A time in which a value was above its limit.
struct alarm {
  std::uint64_t since_ns = 0;  // Unix time.
  std::uint64_t until_ns = 0;  // Zero while it lasts.
  double peak = 0;             // The highest value so far, in the limit's unit.
  double limit = 0;
  char text[PULSE_TEXT_BYTES] = {};
};
BOOST_DESCRIBE_STRUCT(alarm, (), (since_ns, until_ns, peak, limit, text))

/// Alarms the analyst remembers.
inline constexpr std::size_t alarms_kept = 8;

struct analysis {
  std::uint64_t number = 0;  // Of the last sample it has seen.
  averages cpu_percent;
  averages memory_percent;
  double cpu_limit_percent = 0;   // The mean over a second must not pass it.
  std::uint64_t alarm_count = 0;  // All there ever were.
  alarm alarms[alarms_kept];      // The newest first.
};
BOOST_DESCRIBE_STRUCT(analysis, (),
                      (number, cpu_percent, memory_percent, cpu_limit_percent,
                       alarm_count, alarms))

}  // namespace pulse
