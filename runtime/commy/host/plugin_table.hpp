// commy/host/plugin_table.hpp: what a plugin says of itself, checked.
#pragma once

#include <commy/base/result.hpp>
#include <commy/host/options.hpp>
#include <commy/host/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

enum class plugin_error : std::uint8_t {
  not_found,      // No such file in any of the folders.
  not_loadable,   // The system refuses the library.
  no_entry,       // It does not export `commy_plugin`: no plugin.
  no_table,       // It cannot describe itself.
  other_abi,      // Built for another version of the plugin interface.
  other_id,       // It is another plugin than the manifest says.
  bad_table,      // What it says of itself breaks the contract.
  bad_options,    // The manifest's options are not what it declares.
  unknown_actor,  // The manifest wants a type of actors it does not have.
  start_failed,   // Its `start` refused.
  actor_failed,   // An actor could not be created.
};
std::string_view describe(plugin_error error) noexcept;

}  // namespace commy

namespace commy::host {

/// One type of actors; texts and functions are the plugin's.
struct plugin_actor_type {
  std::string name;
  std::vector<commy_message> messages;
  decltype(commy_actor_type::create) create = nullptr;
  decltype(commy_actor_type::destroy) destroy = nullptr;
  decltype(commy_actor_type::handle) handle = nullptr;
};

/// A plugin's table, copied into our types after everything in it was checked.
struct plugin_table {
  std::string id;
  std::string version;
  std::string summary;
  std::vector<option> options;  // Their texts are the plugin's constants.
  std::vector<plugin_actor_type> types;
  decltype(commy_plugin_table::start) start = nullptr;
  decltype(commy_plugin_table::stop) stop = nullptr;
};

/// Reads and checks a table; `wanted_id` is the manifest's. The error's detail
/// says what was wanted and what was found. What native code tells us cannot be
/// hostile in earnest (it could do anything already), but it can be wrong.
result<plugin_table, plugin_error> read_plugin_table(
    const commy_plugin_table* table, std::string_view wanted_id);

}  // namespace commy::host
