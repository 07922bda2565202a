// commy/host/plugin_services.hpp: the host's half of the line to a plugin.
#pragma once

#include <commy/host/handle_resolver.hpp>
#include <commy/host/options.hpp>
#include <commy/host/plugin.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace commy {
class actor_system;
}

namespace commy::host {

/// Answers one plugin's calls through `commy_host`. After `close` it answers
/// that the host has stopped, so that a thread of the plugin may call too late.
/// Threads: any.
class plugin_services {
public:
  struct parts {
    std::string id;
    actor_system* actors = nullptr;
    /// Null: `resolve` is unavailable.
    std::shared_ptr<handle_resolver> resolver;
    std::function<std::chrono::nanoseconds()> now;
  };

  plugin_services(parts host, const option_values& options);
  plugin_services(const plugin_services&) = delete;
  plugin_services& operator=(const plugin_services&) = delete;

  [[nodiscard]] const commy_host* table() const noexcept { return &table_; }
  /// From now on nothing reaches the actor system, which may then end.
  void close();

  /// Marks this thread as handling a message of this plugin: what `resolve`
  /// finds meanwhile is kept until its end.
  class turn {
  public:
    explicit turn(plugin_services& services) noexcept;
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn();

  private:
    friend class plugin_services;
    struct resolved {
      std::array<std::uint64_t, 2> handle;
      handle_resolver::found what;
    };
    plugin_services* services_;
    turn* outer_;
    std::vector<resolved> resolved_;  // A handle is resolved only once.
  };

private:
  commy_status send(std::string_view actor, std::uint64_t id, const void* bytes,
                    std::uint64_t size, commy_error* error) const;
  commy_status resolve(const commy_handle& handle, commy_view& view) const;

  parts host_;
  std::map<std::string, std::string, std::less<>> options_;
  mutable std::shared_mutex mutex_;  // Guards `host_.actors`.
  commy_host table_{};
};

/// Fills what a caller of the line has provided for errors.
commy_status fill_error(commy_error* error, commy_status code,
                        std::string_view text) noexcept;

}  // namespace commy::host
