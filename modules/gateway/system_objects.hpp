// modules/gateway/system_objects.hpp: what the host itself has to show.
#pragma once

#include "modules/gateway/source.hpp"
#include <commy/host/host_events.hpp>
#include <commy/host/module_context.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace commy::gateway {

/// The objects below `$sys`, by name:
///
///   processes  entries, one for each child process of the host and each other
///              attached process: {name, pid, state, restarts,
///              heartbeat_ms, segments, ended, ended_ms}; state is alive, slow,
///              dead, restarting, stopped or gave_up
///   alarms     queue of {source, what, raised, value, limit, at_ns}, the last
///              hundred
///   health     entries, one for each part: {state, reason}
///
/// `context` must outlive them.
std::vector<std::pair<std::string, std::shared_ptr<source>>> system_objects(
    module_context& context);

}  // namespace commy::gateway
