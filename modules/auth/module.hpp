// modules/auth/module.hpp: the module that knows who may do what.
#pragma once

#include <commy/host/module.hpp>

namespace commy::modules {

/// Keeps API keys as hashes, makes the first one, and answers `authenticate`.
const module_description& auth();

}  // namespace commy::modules
