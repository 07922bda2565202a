#include <commy/actor/system_snapshot.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

namespace commy {
namespace {

using std::chrono::nanoseconds;

enum column : std::uint8_t {
  name,
  type,
  state,
  handling,
  queued,
  handled,
  restarts,
  time_in_handlers,
  longest,
  column_count
};

using line = std::array<std::string, column_count>;

constexpr bool is_number(std::size_t which) noexcept { return which >= queued; }

std::string_view text_of(strategy how) noexcept {
  switch (how) {
    case strategy::one_for_one:
      return "one_for_one";
    case strategy::one_for_all:
      return "one_for_all";
    case strategy::rest_for_one:
      return "rest_for_one";
  }
  return "unknown";
}

/// "870 ns", "1.2 us", "3600.0 s".
std::string text_of(nanoseconds time) {
  constexpr std::array<std::pair<double, std::string_view>, 3> units{
      {{1e9, " s"}, {1e6, " ms"}, {1e3, " us"}}};
  for (const auto& [size, unit] : units) {
    const auto value = static_cast<double>(time.count()) / size;
    if (value < 1) continue;
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                   value, std::chars_format::fixed, 1)
                         .ptr;
    return std::string{digits.data(), end}.append(unit);
  }
  return std::to_string(time.count()) + " ns";
}

line line_of(const actor_info& a, std::size_t depth) {
  line columns;
  columns[name] = std::string(2 * depth, ' ') + a.name;
  columns[type] = a.type;
  columns[state] = a.state;
  if (!a.waits_for.empty()) {
    columns[state] += " '" + a.waits_for + "' for " + text_of(a.waits_at_most);
  }
  columns[handling] = a.handling;
  columns[queued] = std::to_string(a.queued);
  columns[handled] = std::to_string(a.handled);
  columns[restarts] = std::to_string(a.restarts);
  if (a.handler_time.count() > 0) {
    columns[time_in_handlers] = text_of(a.handler_time);
    columns[longest] = text_of(a.longest_handler);
  }
  return columns;
}

line line_of(const supervisor_info& s, std::size_t depth) {
  line columns;
  columns[name] = std::string(2 * depth, ' ') + s.name;
  columns[type].append("supervisor (").append(text_of(s.how)).append(")");
  if (s.gave_up) columns[state] = "gave up";
  columns[restarts] = std::to_string(s.restarts);
  return columns;
}

class tree {
public:
  explicit tree(const system_snapshot& of)
      : of_{of}, below_(of.supervisors.size() + 1) {
    for (std::size_t i = 0; i < of.supervisors.size(); ++i) {
      under(of.supervisors[i].parent).supervisors.push_back(i);
    }
    for (std::size_t i = 0; i < of.actors.size(); ++i) {
      under(of.actors[i].parent).actors.push_back(i);
    }
  }

  std::vector<line> lines() {
    lines_.push_back({"name", "type", "state", "handling", "queued", "handled",
                      "restarts", "time", "longest"});
    add(below_.back(), 0);
    return std::move(lines_);
  }

private:
  struct children {
    std::vector<std::size_t> supervisors;
    std::vector<std::size_t> actors;
  };

  children& under(std::optional<std::size_t> parent) {
    // The last one is the system itself.
    return parent && *parent < of_.supervisors.size() ? below_[*parent]
                                                      : below_.back();
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as supervisors are nested.
  void add(children& of_one, std::size_t depth) {
    for (const auto s : of_one.supervisors) {
      lines_.push_back(line_of(of_.supervisors[s], depth));
      add(below_[s], depth + 1);
    }
    std::ranges::sort(of_one.actors, {},
                      [&](auto i) { return of_.actors[i].number; });
    for (const auto a : of_one.actors) {
      lines_.push_back(line_of(of_.actors[a], depth));
    }
  }

  const system_snapshot& of_;
  std::vector<children> below_;
  std::vector<line> lines_;
};

/// How wide each column is; 0: nothing is in it.
std::array<std::size_t, column_count> widths_of(
    const std::vector<line>& lines) {
  std::array<std::size_t, column_count> widths{};
  for (std::size_t c = 0; c < column_count; ++c) {
    for (std::size_t i = 1; i < lines.size(); ++i) {
      widths[c] = std::max(widths[c], lines[i][c].size());
    }
    if (widths[c] > 0) widths[c] = std::max(widths[c], lines[0][c].size());
  }
  return widths;
}

}  // namespace

std::string describe(const system_snapshot& snapshot) {
  const auto lines = tree{snapshot}.lines();
  if (lines.size() == 1) return "no actors\n";
  const auto widths = widths_of(lines);
  std::string text;
  for (const auto& columns : lines) {
    std::string row;
    for (std::size_t c = 0; c < column_count; ++c) {
      if (widths[c] == 0) continue;
      const std::string gap(widths[c] - columns[c].size(), ' ');
      row += is_number(c) ? gap + columns[c] : columns[c] + gap;
      row += "  ";
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  return text;
}

}  // namespace commy
