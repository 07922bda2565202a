#include "pulse/analyst/recent.hpp"

namespace pulse {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::size_t max_entries = 4096;

}  // namespace

void recent_samples::add(const pulse_point& point) {
  const auto total = static_cast<double>(point.memory_total_bytes);
  const auto used = static_cast<double>(point.memory_used_bytes);
  while (!entries_.empty() && entries_.back().taken_ns > point.taken_ns) {
    entries_.pop_back();
  }
  entries_.push_back(
      {point.taken_ns, point.cpu_percent, total > 0 ? 100 * used / total : 0});
  while (point.taken_ns - entries_.front().taken_ns >= 60 * second ||
         entries_.size() > max_entries) {
    entries_.pop_front();
  }
}

std::chrono::nanoseconds recent_samples::span() const noexcept {
  if (entries_.empty()) return {};
  return std::chrono::nanoseconds{static_cast<std::int64_t>(
      entries_.back().taken_ns - entries_.front().taken_ns)};
}

averages recent_samples::means_of(double entry::* value) const {
  averages means;
  double sum = 0;
  double count = 0;
  for (auto i = entries_.rbegin(); i != entries_.rend(); ++i) {
    sum += (*i).*value;
    count += 1;
    const auto age = entries_.back().taken_ns - i->taken_ns;
    means.over_60s = sum / count;
    if (age < 10 * second) means.over_10s = means.over_60s;
    if (age < second) means.over_1s = means.over_60s;
  }
  return means;
}

averages recent_samples::cpu_percent() const {
  return means_of(&entry::cpu_percent);
}
averages recent_samples::memory_percent() const {
  return means_of(&entry::memory_percent);
}

}  // namespace pulse
