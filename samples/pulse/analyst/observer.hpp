// samples/pulse/analyst/observer.hpp: from samples to an analysis.
#pragma once

#include "pulse/analysis.hpp"
#include "pulse/analyst/recent.hpp"

#include <optional>

namespace pulse {

/// Follows the samples: keeps the means, and raises an alarm when the CPUs'
/// mean over a second passes the limit. It is over when that mean is below
/// nine tenths of the limit, so that one that touches it does not flicker.
class observer {
public:
  /// `before` is what an observer before this one has found, or empty.
  observer(double cpu_limit_percent, const analysis& before);

  /// A sample `before` has seen already: counts for the means alone.
  void recall(const pulse_point& point) { recent_.add(point); }

  /// The next sample; answers what is to be told if an alarm begins or ends.
  std::optional<pulse_alarm_report> take(const pulse_point& point);

  [[nodiscard]] const analysis& found() const noexcept { return found_; }

private:
  [[nodiscard]] bool has_alarm() const noexcept;
  void raise(std::uint64_t at_ns, double percent);
  void end(std::uint64_t at_ns);
  [[nodiscard]] pulse_alarm_report report() const;

  recent_samples recent_;
  analysis found_;
};

}  // namespace pulse
