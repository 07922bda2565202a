// modules/allocator/module.hpp: the module that owns this host's segments.
#pragma once

#include <commy/host/module.hpp>

namespace commy::modules {

/// Creates or adopts the segments its options name, keeps them open while the
/// host runs, and answers `list_segments`.
const module_description& allocator();

}  // namespace commy::modules
