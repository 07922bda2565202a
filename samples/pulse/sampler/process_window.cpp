#include "pulse/sampler/process_window.hpp"

#include <algorithm>

namespace pulse {
namespace {

constexpr std::chrono::seconds width{1};

}  // namespace

double process_window::percent_of(
    const proc::process_times& process,
    std::chrono::steady_clock::time_point now) const {
  for (const auto& reading : past_) {
    const auto found = std::ranges::lower_bound(reading.processes, process.pid,
                                                {}, &seen::pid);
    if (found == reading.processes.end() || found->pid != process.pid ||
        found->started_ticks != process.started_ticks) {
      continue;
    }
    const std::chrono::duration<double> elapsed = now - reading.at;
    if (elapsed.count() <= 0 || process.ticks <= found->ticks) return 0;
    return 100 * static_cast<double>(process.ticks - found->ticks) /
           ticks_per_second_ / elapsed.count();
  }
  return 0;
}

std::vector<pulse_process> process_window::add(
    const proc::machine_reading& now) {
  // The oldest that is left is the last from before the window.
  while (past_.size() > 1 && now.at - past_[1].at >= width)
    past_.pop_front();
  std::vector<pulse_process> busiest;
  for (const auto& process : now.processes) {
    const auto percent = percent_of(process, now.at);
    if (percent <= 0) continue;
    auto& added = busiest.emplace_back();
    added.pid = process.pid;
    added.thread_count = process.thread_count;
    added.cpu_percent = percent;
    std::ranges::copy(process.name, added.name);
  }
  const auto count = std::min<std::size_t>(busiest.size(), PULSE_TOP);
  std::ranges::partial_sort(busiest, busiest.begin() + static_cast<long>(count),
                            std::ranges::greater{},
                            &pulse_process::cpu_percent);
  busiest.resize(count);

  auto& newest = past_.emplace_back();
  newest.at = now.at;
  newest.processes.reserve(now.processes.size());
  for (const auto& process : now.processes) {
    newest.processes.push_back(
        {process.pid, process.started_ticks, process.ticks});
  }
  return busiest;
}

}  // namespace pulse
