// commy/host/messages/participants.hpp: who is attached, and how he is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

/// One attachment of a process to a segment, as module heartbeat sees it.
struct participant_report {
  enum class state_kind : std::uint8_t {
    alive,
    slow,  // Its heartbeat is overdue, but the kernel says that it lives.
    dead,  // The kernel said that it is gone; it was swept.
    left,  // It detached in order.
  };
  std::string segment;  // "tenant/service".
  std::string name;     // What it calls itself.
  std::uint32_t slot = 0;
  std::uint32_t pid = 0;
  std::uint64_t generation = 0;
  state_kind state = state_kind::alive;
  bool beats = false;  // False: it has never beaten, and cannot be slow.
  std::chrono::nanoseconds age{};    // Since its last beat, when it beats.
  std::chrono::nanoseconds since{};  // How long it has been in this state.
};

constexpr std::string_view describe(participant_report::state_kind s) noexcept {
  switch (s) {
    case participant_report::state_kind::alive:
      return "alive";
    case participant_report::state_kind::slow:
      return "slow";
    case participant_report::state_kind::dead:
      return "dead";
    case participant_report::state_kind::left:
      return "left";
  }
  return "unknown";
}

/// Asked of the module `heartbeat`: all who are attached to this host's
/// segments, and those who ended within the last ten seconds.
struct list_participants {
  static constexpr std::string_view actor = "commy.heartbeat";
  using reply = std::vector<participant_report>;
};

}  // namespace commy
