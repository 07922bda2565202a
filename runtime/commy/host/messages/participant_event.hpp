// commy/host/messages/participant_event.hpp: the life signs of a participant.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace commy {

/// Published when a process attached to a segment changes its state.
struct participant_event {
  enum class kind : std::uint8_t {
    attached,
    slow,      // Its heartbeat is overdue, but it lives: nothing is swept.
    back,      // Its heart beats again after it was slow.
    dead,      // The kernel says that it is gone; it was swept.
    detached,  // It left in order.
  };
  kind what = kind::attached;
  std::string segment;     // Its name: "tenant/service".
  std::string name;        // What the participant calls itself.
  std::uint32_t slot = 0;  // Its participant slot there.
  std::uint32_t pid = 0;   // For people; identity is slot and generation.
  std::uint64_t generation = 0;
  std::chrono::nanoseconds age{};  // Since its last heartbeat.
};
std::string_view describe(participant_event::kind kind) noexcept;

}  // namespace commy
