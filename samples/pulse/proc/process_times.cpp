#include "pulse/proc/process_times.hpp"

#include "pulse/proc/text.hpp"

#include <algorithm>
#include <limits>

namespace pulse::proc {
namespace {

constexpr std::uint64_t most32 = std::numeric_limits<std::uint32_t>::max();

void copy_name(std::string_view name, std::array<char, 24>& into) {
  const auto count = std::min(name.size(), into.size() - 1);
  std::transform(name.begin(), name.begin() + static_cast<long>(count),
                 into.begin(),
                 [](char c) { return c >= ' ' && c <= '~' ? c : '?'; });
}

std::uint64_t add_up(std::uint64_t a, std::uint64_t b) {
  return b > std::numeric_limits<std::uint64_t>::max() - a
             ? std::numeric_limits<std::uint64_t>::max()
             : a + b;
}

}  // namespace

std::optional<process_times> parse_process_times(std::string_view text) {
  // A name may hold blanks, brackets and line ends, so it reaches from the
  // first bracket to the last: behind it stand numbers and one letter only.
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open) {
    return std::nullopt;
  }
  auto front = text.substr(0, open);
  const auto pid = to_number(take_word(front));
  if (!pid || *pid == 0 || *pid > most32) return std::nullopt;

  auto rest = text.substr(close + 1);
  auto line = take_line(rest);
  // proc(5) counts from 1: pid, name, then the state as field 3.
  auto skip_to = [&line, field = 3](int wanted) mutable {
    for (; field < wanted; ++field)
      take_word(line);
    ++field;
    return to_number(take_word(line));
  };
  const auto user = skip_to(14);
  const auto system = skip_to(15);
  const auto threads = skip_to(20);
  const auto started = skip_to(22);
  if (!user || !system || !threads || !started) return std::nullopt;

  process_times times;
  times.pid = static_cast<std::uint32_t>(*pid);
  times.thread_count = static_cast<std::uint32_t>(std::min(*threads, most32));
  times.ticks = add_up(*user, *system);
  times.started_ticks = *started;
  copy_name(text.substr(open + 1, close - open - 1), times.name);
  return times;
}

}  // namespace pulse::proc
