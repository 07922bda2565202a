#include "pulse/analyst/follower.hpp"

#include <algorithm>

namespace pulse {

using commy::read_error;
using commy::unexpected;

commy::result<std::vector<pulse_point>, read_error> follower::before(
    std::uint64_t count) const {
  auto all = history_.copy();
  if (!all) return unexpected{all.error()};
  std::erase_if(*all, [&](const auto& p) { return p.number > number_; });
  if (all->size() > count) {
    all->erase(all->begin(), all->end() - static_cast<long>(count));
  }
  return all;
}

commy::result<std::vector<pulse_point>, read_error> follower::next(
    std::chrono::milliseconds at_most) {
  std::vector<pulse_point> fresh;
  if (!history_.wait_for_change(seen_version_, at_most)) return fresh;
  // Taken before the content: what changes in between is seen the next time.
  seen_version_ = history_.version();
  const auto last = history_.back();
  if (!last) {
    if (last.error() == read_error::absent) return fresh;
    return unexpected{last.error()};
  }
  const auto size = history_.size();
  if (!size) return unexpected{size.error()};
  const auto missing = last->number - std::min(number_, last->number);
  // Elements leave at the front between the looks: a few more than needed.
  constexpr std::uint64_t margin = 16;
  auto tail = history_.copy(*size - std::min(*size, missing + margin));
  if (!tail) return unexpected{tail.error()};
  for (const auto& point : *tail) {
    if (point.number <= number_) continue;
    number_ = point.number;
    fresh.push_back(point);
  }
  return fresh;
}

}  // namespace pulse
