#include "rule.hpp"

#include <cmath>

namespace pulse {

std::optional<bool> rule::update(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  const bool asks_for_change =
      raised_ ? value < how_.clear_below : value >= how_.limit;
  if (!asks_for_change) {
    in_a_row_ = 0;
    return std::nullopt;
  }
  if (++in_a_row_ < how_.hold) return std::nullopt;
  in_a_row_ = 0;
  raised_ = !raised_;
  return raised_;
}

}  // namespace pulse
