// commy/host/plugin_set.hpp: the plugins of one host, from start to stop.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/host/manifest.hpp>
#include <commy/host/messages/health.hpp>
#include <commy/host/plugin_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace commy::host {

/// Starts plugins and their actors, which are supervised one by one and found
/// by their names. Threads: one at a time; it is the plugins' [starter].
class plugin_set {
public:
  plugin_set(actor_system& actors, std::shared_ptr<handle_resolver> resolver,
             std::function<std::chrono::nanoseconds()> now);
  plugin_set(const plugin_set&) = delete;
  plugin_set& operator=(const plugin_set&) = delete;
  ~plugin_set();

  /// Starts the plugin of `plan.plugins()[index]`, whose table was read before.
  result<void, plugin_error> start(const manifest& plan, std::size_t index,
                                   plugin_table table);

  /// Stops all actors and then their plugins, the last started first, each
  /// plugin within five seconds. Returns those that were late; of a plugin
  /// whose actor is late nothing more is called.
  std::vector<std::string> stop();

  /// Each plugin is ready, or has failed when its supervisor has given up.
  /// Threads: any.
  [[nodiscard]] std::vector<health_report> health() const;

private:
  struct member {
    running_plugin* plugin;
    supervisor keeper;
    std::vector<ref<plugin_actor>> actors;
  };
  result<void, plugin_error> start_actors(const plugin_entry& entry,
                                          member& started);
  std::vector<std::string> stop_one(member& m);

  actor_system& actors_;
  std::shared_ptr<handle_resolver> resolver_;
  std::function<std::chrono::nanoseconds()> now_;
  mutable std::mutex mutex_;  // Held for changes of the list and `health`.
  std::vector<member> members_;
};

}  // namespace commy::host
