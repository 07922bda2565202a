// commy/host/plugin_loader.hpp: from a library's file to a plugin's table.
#pragma once

#include <commy/host/plugin_table.hpp>

#include <string>
#include <string_view>

namespace commy::host {

/// Loads the library and reads its table. In this order, and no further than
/// the first that fails: the file's header says that it is a library for this
/// machine; the system loads it (which runs its initializers); it exports
/// `commy_plugin`; the table's version fits; the id is `id`; all that the table
/// says holds together. A library stays loaded for the life of the process,
/// also when it was refused.
result<plugin_table, plugin_error> load_plugin(const std::string& path,
                                               std::string_view id);

}  // namespace commy::host
