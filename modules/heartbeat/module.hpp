// modules/heartbeat/module.hpp: the module that watches who is attached.
#pragma once

#include <commy/host/module.hpp>

namespace commy::modules {

/// Watches the participants of this host's segments, publishes when one comes,
/// is slow, recovers, dies or leaves, sweeps the dead at once, beats for the
/// host itself, and answers `list_participants`.
const module_description& heartbeat();

}  // namespace commy::modules
