// commy/host/messages/health.hpp: how a part of the host is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace commy {

enum class health_state : std::uint8_t {
  starting,  // Has not said anything yet.
  ready,
  late,    // Has been silent for longer than it promised.
  failed,  // Cannot do its work; the reason says why.
};
std::string_view describe(health_state state) noexcept;

/// What one module, plugin or process was last known to be.
struct health_report {
  std::string name;
  health_state state = health_state::starting;
  std::string reason;              // Of `late` and `failed`.
  std::chrono::nanoseconds age{};  // Since its last report, or its start.
};

}  // namespace commy
