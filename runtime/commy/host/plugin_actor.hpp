// commy/host/plugin_actor.hpp: an actor of the host whose code is a plugin's.
#pragma once

#include <commy/actor/actor.hpp>
#include <commy/actor/wire_entry.hpp>
#include <commy/host/plugin_services.hpp>
#include <commy/host/plugin_table.hpp>

#include <string>
#include <vector>

namespace commy::host {

/// A plugin that was started. Lives as long as the process, like its code: some
/// thread of the plugin, or a `wire_port`, may still refer to it.
struct running_plugin {
  running_plugin(plugin_table&& description, plugin_services::parts host,
                 const option_values& options);

  const plugin_table table;
  plugin_services services;
  /// The protocol of `table.types[i]`, for `spawn_options::wire`.
  std::vector<std::vector<wire_entry>> protocols;
  void* instance = nullptr;
};

/// Hands each message to the plugin's `handle`; a failure there is a failure of
/// the handler here, so that the supervisor decides what becomes of it.
class plugin_actor : public actor {
public:
  /// Throws `actor_failure` with the plugin's words when it refuses.
  plugin_actor(running_plugin* plugin, const plugin_actor_type* type,
               const std::string& name);
  ~plugin_actor();

  void on(wire_message message);

private:
  running_plugin* plugin_;
  const plugin_actor_type* type_;  // Lies in `plugin_`.
  void* object_ = nullptr;
};

}  // namespace commy::host
