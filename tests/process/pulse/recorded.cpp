#include "recorded.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

using namespace pulse;

recorded recorded::in(commy::segment& segment) {
  const auto now = segment.open<now_map>(now_name).value();
  const auto history = segment.open<history_deque>(history_name).value();
  const auto top = segment.open<top_box>(top_name).value();
  // A sample comes every 20 ms at the most, a copy takes one: a hundred in a
  // row are not disturbed by samplers.
  for (int i = 0; i < 100; ++i) {
    const auto versions = [&] {
      return std::array{now.version(), history.version(), top.version()};
    };
    const auto before = versions();
    recorded copy;
    for (auto entries = now.read().value();
         const auto& [name, value] : entries) {
      copy.now.emplace(name, value);
    }
    copy.history = history.copy().value();
    copy.top = top.get().value();
    if (versions() == before) return copy;
  }
  throw std::runtime_error{"somebody writes all the time"};
}

std::vector<std::string> recorded::contradictions() const {
  std::vector<std::string> found;
  if (history.empty()) return {"the history is empty"};
  const auto& last = history.back();
  const auto expect = [&](const std::string& name, double value) {
    const auto entry = now.find(name);
    if (entry == now.end()) {
      found.push_back(name + " is missing");
    } else if (entry->second != value) {
      found.push_back(name + " is " + std::to_string(entry->second) +
                      ", wanted " + std::to_string(value));
    }
  };
  expect("sample.number", static_cast<double>(last.number));
  expect("cpu.total", last.cpu_percent);
  expect("memory.used_bytes", static_cast<double>(last.memory_used_bytes));
  expect("net.total.rx_bytes_per_s", last.net_rx_bytes_per_s);
  expect("disk.total.write_bytes_per_s", last.disk_write_bytes_per_s);
  expect("process.count", static_cast<double>(last.process_count));
  if (top.number != last.number) found.push_back("top is of another sample");
  for (std::uint64_t i = 0; i < top.count && i < PULSE_TOP; ++i) {
    const auto& process = top.list[i];
    expect("process." + std::to_string(process.pid) + ".cpu_percent",
           process.cpu_percent);
  }
  const auto processes = std::ranges::count_if(now, [](const auto& entry) {
    return entry.first.starts_with("process.") &&
           entry.first.ends_with(".cpu_percent");
  });
  if (static_cast<std::uint64_t>(processes) != top.count) {
    found.push_back("`now` has processes that are not among the busiest");
  }
  for (std::size_t i = 1; i < history.size(); ++i) {
    if (history[i].number != history[i - 1].number + 1) {
      found.push_back("after sample " + std::to_string(history[i - 1].number) +
                      " comes " + std::to_string(history[i].number));
    }
  }
  return found;
}

bool recorded::has(std::uint64_t number) const {
  return std::ranges::find(history, number, &pulse_point::number) !=
         history.end();
}
