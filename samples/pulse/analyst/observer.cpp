#include "pulse/analyst/observer.hpp"

#include <algorithm>
#include <cstdio>

namespace pulse {

using namespace std::chrono_literals;

observer::observer(double cpu_limit_percent, const analysis& before)
    : found_{before} {
  found_.cpu_limit_percent = cpu_limit_percent;
}

bool observer::has_alarm() const noexcept {
  const auto& newest = found_.alarms[0];
  return newest.since_ns != 0 && newest.until_ns == 0;
}

std::optional<pulse_alarm_report> observer::take(const pulse_point& point) {
  recent_.add(point);
  found_.number = point.number;
  found_.cpu_percent = recent_.cpu_percent();
  found_.memory_percent = recent_.memory_percent();
  const auto percent = found_.cpu_percent.over_1s;
  const auto limit = found_.cpu_limit_percent;
  if (!has_alarm()) {
    // Of less than a second it is no mean over a second; the last sample of
    // one may come a little early.
    if (recent_.span() < 900ms || percent <= limit) return std::nullopt;
    raise(point.taken_ns, percent);
    return report();
  }
  auto& newest = found_.alarms[0];
  newest.peak = std::max(newest.peak, percent);
  if (percent >= 0.9 * limit) return std::nullopt;
  end(point.taken_ns);
  return report();
}

void observer::raise(std::uint64_t at_ns, double percent) {
  std::shift_right(std::begin(found_.alarms), std::end(found_.alarms), 1);
  ++found_.alarm_count;
  auto& newest = found_.alarms[0];
  newest = {};
  newest.since_ns = at_ns;
  newest.peak = percent;
  newest.limit = found_.cpu_limit_percent;
  std::snprintf(newest.text, sizeof(newest.text),
                "CPU %.0f %% on average over 1 s, above %.0f %%", percent,
                newest.limit);
}

void observer::end(std::uint64_t at_ns) {
  auto& newest = found_.alarms[0];
  newest.until_ns = at_ns;
  const auto lasted =
      at_ns > newest.since_ns ? at_ns - newest.since_ns : std::uint64_t{0};
  std::snprintf(newest.text, sizeof(newest.text),
                "CPU was above %.0f %% for %.1f s, at most %.0f %%",
                newest.limit, static_cast<double>(lasted) / 1e9, newest.peak);
}

pulse_alarm_report observer::report() const {
  const auto& newest = found_.alarms[0];
  pulse_alarm_report made{};
  made.kind = PULSE_ALARM_CPU;
  made.raised = newest.until_ns == 0 ? 1 : 0;
  made.value = found_.cpu_percent.over_1s;
  made.limit = newest.limit;
  made.since_ns = newest.since_ns;
  std::ranges::copy(newest.text, made.text);
  return made;
}

}  // namespace pulse
