#include "pulse/runner/viewer.hpp"

#include "pulse/runner/format.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace pulse {
namespace {

using commy::open_error;
using commy::unexpected;

double seconds_of(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>{time}.count();
}

std::string cost_text(const operation_cost& cost) {
  const auto time = [&](double percent) {
    return time_text(std::chrono::nanoseconds{
        static_cast<std::int64_t>(cost.each.percentile(percent))});
  };
  return count_text(cost.per_second()) + "/s by one thread; p50 " + time(50) +
         ", p99 " + time(99) + " with the clock's own time";
}

}  // namespace

viewer::viewer(commy::segment segment, history_deque history, probe load)
    : segment_{std::move(segment)},
      history_{std::move(history)},
      load_{std::move(load)},
      first_number_{last_number()},
      alive_{alive_now()},
      seen_{alive_} {}

commy::result<viewer, open_error> viewer::open(const std::string& folder,
                                               std::uint32_t host_pid) {
  auto segment = commy::segment::open(
      default_segment, {.folder = folder, .participant = "pulse"});
  if (!segment) {
    return unexpected{open_error::refused, segment.error().message()};
  }
  // The host starts its processes last: once the sampler is there, so is all
  // else. Others may still be in the table whom a killed host has left.
  const auto participants = segment->participants();
  const auto is_there = [&](auto&& condition) {
    return std::ranges::any_of(
        participants, [&](const auto& p) { return p.alive && condition(p); });
  };
  if (!is_there([&](const auto& p) { return p.pid == host_pid; })) {
    return unexpected{open_error::refused, "the host has not attached"};
  }
  if (!is_there([](const auto& p) { return p.name == "sampler"; })) {
    return unexpected{open_error::refused, "the sampler has not attached"};
  }
  auto history = segment->open<history_deque>(history_name);
  if (!history) return unexpected{history.error()};
  if (const auto last = history->back(); !last) {
    return unexpected{open_error::refused, last.error().message()};
  }
  auto load = probe::open(*segment);
  if (!load) return unexpected{load.error()};
  return viewer{std::move(*segment), std::move(*history), std::move(*load)};
}

std::uint64_t viewer::last_number() const {
  const auto last = history_.back();
  return last ? last->number : 0;
}

viewer::names_by_pid viewer::alive_now() const {
  names_by_pid alive;
  for (const auto& p : segment_.participants()) {
    if (p.alive) alive[p.pid] = p.name;
  }
  return alive;
}

std::vector<std::string> viewer::changes() {
  auto now = alive_now();
  std::vector<std::string> lines;
  const auto tell = [&](const auto& entry, const char* what) {
    lines.push_back(entry.second + " (pid " + std::to_string(entry.first) +
                    ") " + what);
  };
  for (const auto& entry : alive_) {
    if (!now.contains(entry.first)) tell(entry, "is gone");
  }
  for (const auto& entry : now) {
    if (!alive_.contains(entry.first)) tell(entry, "is here");
    seen_.insert(entry);
  }
  alive_ = std::move(now);
  return lines;
}

commy::result<std::string, commy::write_error> viewer::status(
    std::chrono::steady_clock::duration running) {
  if (auto done = load_.measure(); !done) return unexpected{done.error()};
  const auto last = history_.back();
  if (!last) {
    return unexpected{commy::write_error::damaged, last.error().message()};
  }
  std::array<char, 64> begin{};
  std::snprintf(begin.data(), begin.size(), "%4.0f s  CPU %3.0f %%  memory ",
                seconds_of(running), last->cpu_percent);
  return std::string{begin.data()} +
         bytes_text(static_cast<double>(last->memory_used_bytes)) + "  net " +
         bytes_text(last->net_rx_bytes_per_s + last->net_tx_bytes_per_s) +
         "/s  " + std::to_string(last->number - first_number_) + " samples  " +
         count_text(load_.transactions().per_second()) + " txn/s  " +
         count_text(load_.reads().per_second()) + " reads/s  " +
         std::to_string(alive_.size()) + " processes";
}

std::vector<std::string> viewer::summary(
    std::chrono::steady_clock::duration ran) {
  const auto counts = segment_.statistics();
  std::string names;
  for (const auto& [pid, name] : seen_) {
    names += (names.empty() ? "" : ", ") + name + " " + std::to_string(pid);
  }
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%.1f s", seconds_of(ran));
  return {
      "Summary of " + std::string{seconds.data()},
      "  samples taken   " + std::to_string(last_number() - first_number_),
      "  transactions    " + cost_text(load_.transactions()),
      "  point reads     " + cost_text(load_.reads()),
      "  bytes shared    " +
          bytes_text(static_cast<double>(counts.live_bytes)) + " in " +
          std::to_string(counts.live_blocks) + " blocks",
      "  processes seen  " + std::to_string(seen_.size()) + ": " + names,
  };
}

}  // namespace pulse
