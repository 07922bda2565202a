// commy/host/messages/alarm_event.hpp: something has crossed its limit.
#pragma once

#include <cstdint>
#include <string>

namespace commy {

/// Published when an alarm is raised, and again when it is cleared.
struct alarm_event {
  std::string source;   // Who says so: the name of an actor or process.
  std::string what;     // What crossed: "cpu".
  bool raised = false;  // False: it is over.
  double value = 0;     // What was measured, in the unit of the limit.
  double limit = 0;
  std::uint64_t at_ns = 0;  // Unix time.
};

}  // namespace commy
