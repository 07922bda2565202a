// commy/host/default_folders.hpp: where bare names in a manifest are looked
// for.
#pragma once

#include <string>
#include <vector>

namespace commy::host {

/// The folder of this program.
std::vector<std::string> default_program_folders();
/// `../lib/commy/plugins` from there, in the installed tree as in the build's.
std::vector<std::string> default_plugin_folders();

}  // namespace commy::host
