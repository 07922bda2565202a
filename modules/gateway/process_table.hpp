// modules/gateway/process_table.hpp: who runs, made of what several tell.
#pragma once

#include <commy/containers/dynamic_value.hpp>
#include <commy/host/children.hpp>
#include <commy/host/messages/participants.hpp>
#include <commy/host/messages/process_event.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace commy::gateway {

/// Brings together child processes, which the host knows, and participants,
/// which module heartbeat knows: a child process is one row for all its lives
/// and all segments it is attached to, and so is any other process as long as
/// it lives. Threads: any.
class process_table {
public:
  using duration = std::chrono::nanoseconds;

  /// Remembers how a child process ended.
  void note(const process_event& event, duration now);

  /// The rows as `$sys/processes` shows them.
  [[nodiscard]] dynamic_value rows(
      std::span<const host::child_state> children,
      std::span<const participant_report> participants, duration now) const;

private:
  struct past {
    std::string ended;
    duration ended_at{};
    process_event::kind last = process_event::kind::started;
  };
  [[nodiscard]] std::string_view state_of(const host::child_state& child) const;
  void put_end(dynamic_value::record& row, const std::string& child,
               duration now) const;

  mutable std::mutex mutex_;
  std::map<std::string, past> pasts_;  // One for each child process.
  // Numbers that child processes had, the last 256: what heartbeat still shows
  // of them belongs to the child's row.
  std::deque<std::uint32_t> former_pids_;
};

}  // namespace commy::gateway
