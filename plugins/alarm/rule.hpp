// plugins/alarm/rule.hpp: when a value that comes again and again is an alarm.
#pragma once

#include <cstdint>
#include <optional>

namespace pulse {

/// Raised once a value has been at or above `limit` for `hold` samples in a
/// row, cleared once it has been below `clear_below` for as many. Between the
/// two nothing changes and the count begins anew, so that a value which dances
/// around the limit raises one alarm, not hundreds.
class rule {
public:
  struct settings {
    double limit = 90;
    double clear_below = 80;  // At most `limit`.
    std::uint32_t hold = 3;   // At least one.
  };

  explicit rule(const settings& how) : how_{how} {}

  /// True: raised now. False: cleared now. Nothing: as before. A value that is
  /// no number changes nothing.
  std::optional<bool> update(double value);

  [[nodiscard]] bool raised() const { return raised_; }

private:
  settings how_;
  bool raised_ = false;
  std::uint32_t in_a_row_ = 0;  // Samples that ask for a change.
};

}  // namespace pulse
