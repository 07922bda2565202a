#include "modules/gateway/process_table.hpp"

#include "modules/gateway/row.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace commy::gateway {
namespace {

using kind = process_event::kind;
using state_kind = participant_report::state_kind;

constexpr std::size_t former_pids_max = 256;

std::int64_t milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

void put_time(dynamic_value::record& row, std::string_view name,
              std::optional<std::chrono::nanoseconds> time) {
  if (time) {
    put(row, name, milliseconds(*time));
  } else {
    put(row, name, std::monostate{});
  }
}

/// What rows of both kinds begin with.
void begin_row(dynamic_value::record& row, std::string_view name,
               std::uint32_t pid, std::string_view state,
               std::uint32_t restarts) {
  put(row, "name", std::string{name});
  put(row, "pid", std::uint64_t{pid});
  put(row, "state", std::string{state});
  put(row, "restarts", std::uint64_t{restarts});
}

/// What the attachments of one process say together.
struct attachments {
  dynamic_value::list segments;
  std::optional<std::chrono::nanoseconds> beat;  // The youngest.
  state_kind state = state_kind::left;
  bool beats_slowly = false;

  void add(const participant_report& p) {
    if (p.state == state_kind::dead || p.state == state_kind::left) {
      if (state == state_kind::left) state = p.state;
      return;
    }
    segments.emplace_back().held.emplace<std::string>(p.segment);
    state = state_kind::alive;
    if (!p.beats) return;
    // One attachment that beats speaks for its process.
    if (!beat || p.age < *beat) {
      beat = p.age;
      beats_slowly = p.state == state_kind::slow;
    }
  }
  void end_row(dynamic_value::record& row) {
    put_time(row, "heartbeat_ms", beat);
    put(row, "segments", std::move(segments));
  }
};

}  // namespace

void process_table::note(const process_event& event, duration now) {
  const std::lock_guard hold{mutex_};
  auto& child = pasts_[event.name];
  child.last = event.what;
  if (event.what == kind::exited || event.what == kind::stopped ||
      event.what == kind::stopped_late || event.what == kind::start_failed) {
    child.ended = event.text;
    child.ended_at = now;
  }
  if (event.pid != 0 &&
      std::ranges::find(former_pids_, event.pid) == former_pids_.end()) {
    if (former_pids_.size() == former_pids_max) former_pids_.pop_front();
    former_pids_.push_back(event.pid);
  }
}

std::string_view process_table::state_of(const host::child_state& child) const {
  if (child.gave_up) return "gave_up";
  if (child.pid != 0) return "alive";
  const auto found = pasts_.find(child.name);
  const bool stopped =
      found != pasts_.end() && (found->second.last == kind::stopped ||
                                found->second.last == kind::stopped_late);
  return stopped ? "stopped" : "dead";
}

void process_table::put_end(dynamic_value::record& row,
                            const std::string& child, duration now) const {
  const auto found = pasts_.find(child);
  if (found == pasts_.end() || found->second.ended.empty()) {
    put(row, "ended", std::monostate{});
    put(row, "ended_ms", std::monostate{});
  } else {
    put(row, "ended", found->second.ended);
    put(row, "ended_ms", milliseconds(now - found->second.ended_at));
  }
}

dynamic_value process_table::rows(
    std::span<const host::child_state> children,
    std::span<const participant_report> participants, duration now) const {
  const std::lock_guard hold{mutex_};
  dynamic_value all_rows;
  auto& rows = all_rows.held.emplace<dynamic_value::record>();
  const auto new_row = [&](std::string key) -> dynamic_value::record& {
    auto& added = rows.emplace_back();
    added.first = std::move(key);
    return added.second.held.emplace<dynamic_value::record>();
  };
  std::set<std::uint32_t> of_children{former_pids_.begin(), former_pids_.end()};
  for (const auto& child : children) {
    of_children.insert(child.pid);
    attachments all;
    for (const auto& p : participants) {
      if (p.pid == child.pid && child.pid != 0) all.add(p);
    }
    auto& row = new_row(child.name);
    begin_row(row, child.name, child.pid,
              all.beats_slowly ? "slow" : state_of(child), child.restarts);
    put_end(row, child.name, now);
    all.end_row(row);
  }
  std::map<std::pair<std::uint32_t, std::string>, attachments> others;
  for (const auto& p : participants) {
    if (!of_children.contains(p.pid)) others[{p.pid, p.name}].add(p);
  }
  for (auto& [who, all] : others) {
    if (all.state == state_kind::left) continue;
    const auto& [pid, name] = who;
    auto& row = new_row(name + "#" + std::to_string(pid));
    begin_row(row, name, pid,
              all.state == state_kind::dead ? "dead"
              : all.beats_slowly            ? "slow"
                                            : "alive",
              0);
    put_end(row, {}, now);
    all.end_row(row);
  }
  return all_rows;
}

}  // namespace commy::gateway
