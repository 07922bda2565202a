#include "pulse/proc/cpu_times.hpp"

#include "pulse/proc/text.hpp"

#include <limits>

namespace pulse::proc {

cpu_times parse_cpu_times(std::string_view text) {
  cpu_times times;
  while (!text.empty()) {
    auto line = take_line(text);
    auto name = take_word(line);
    if (!name.starts_with("cpu")) continue;
    name.remove_prefix(3);
    cpu_ticks ticks;
    for (auto& spent : ticks.spent)
      spent = take_number(line);
    const auto number = to_number(name);
    if (name.empty()) {
      times.all = ticks;
    } else if (number && *number <= std::numeric_limits<std::uint32_t>::max()) {
      times.each.push_back({static_cast<std::uint32_t>(*number), ticks});
    }
  }
  return times;
}

double busy_percent(const cpu_ticks& before, const cpu_ticks& after) noexcept {
  // As doubles: a sum of counters at their limit must not wrap.
  double total = 0;
  double idle = 0;
  for (std::size_t kind = 0; kind < after.spent.size(); ++kind) {
    // proc(5): some of these go back now and then, `io_wait` above all.
    if (after.spent[kind] <= before.spent[kind]) continue;
    const auto spent =
        static_cast<double>(after.spent[kind] - before.spent[kind]);
    total += spent;
    if (kind == cpu_ticks::idle || kind == cpu_ticks::io_wait) idle += spent;
  }
  return total > 0 ? 100 * (total - idle) / total : 0;
}

}  // namespace pulse::proc
