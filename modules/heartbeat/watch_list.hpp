// modules/heartbeat/watch_list.hpp: who was attached, from look to look.
#pragma once

#include <commy/host/messages/participant_event.hpp>
#include <commy/host/messages/participants.hpp>
#include <commy/memory/segment.hpp>

#include <chrono>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace commy::heartbeat {

/// What can be told from looking at the participants of one segment again and
/// again. Pure: the caller brings the times, so a test needs no clock.
///
/// The kernel alone says who is dead (`participant_info::alive`). The age of a
/// heartbeat makes a participant slow and nothing else: a stopped process may
/// go on, and taking its locks would be wrong. Who has never beaten cannot be
/// slow. Threads: one at a time.
class watch_list {
public:
  using duration = std::chrono::nanoseconds;

  watch_list(std::string segment, duration slow_after)
      : segment_{std::move(segment)}, slow_after_{slow_after} {}

  /// Compares with the last look, `now_ns` on the boot clock, and returns what
  /// happened in between. `killed` are processes that are known to have died.
  std::vector<participant_event> look(std::span<const participant_info> seen,
                                      std::uint64_t now_ns,
                                      const std::set<std::uint32_t>& killed);

  /// All of the last look, and the last who ended.
  [[nodiscard]] std::vector<participant_report> reports(
      std::uint64_t now_ns) const;

private:
  struct known {
    participant_info info;
    participant_report::state_kind state =
        participant_report::state_kind::alive;
    std::uint64_t since_ns = 0;
    // Its slot was given up; by itself or by a sweep is not known yet.
    bool missing = false;
  };
  participant_event event(const known& who, participant_event::kind what,
                          std::uint64_t now_ns) const;
  void judge(known& who, std::uint64_t now_ns,
             std::vector<participant_event>& news);
  bool judge_missing(known& who, std::uint64_t now_ns, bool was_killed,
                     std::vector<participant_event>& news);
  void end(known who, participant_report::state_kind how, std::uint64_t now_ns);

  std::string segment_;
  duration slow_after_;
  std::vector<known> attached_;  // At most as many as the segment has slots.
  std::vector<known> ended_;     // The last 64, see `end`.
};

}  // namespace commy::heartbeat
