// commy/host/check_plugins.hpp: what is wrong with a manifest's plugins.
#pragma once

#include <commy/host/manifest.hpp>

#include <span>
#include <string>

namespace commy::host {

/// Loads the library of each plugin and compares what it declares with what the
/// manifest says of it: id, options, types of actors. Starts none. Libraries
/// run their initializers and stay loaded, so this is for a process whose only
/// purpose it is.
void check_plugins(const manifest& plan,
                   std::span<const std::string> plugin_folders,
                   manifest_problems& problems);

}  // namespace commy::host
