// commy/host/module_context.hpp: what the host gives to each of its modules.
#pragma once

#include <commy/host/host_events.hpp>
#include <commy/host/manifest.hpp>
#include <commy/message/send_error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

class actor_system;
class segment;

namespace host {
class health_board;
struct child_state;
}  // namespace host

/// The host as one module sees it. Threads: any, except where said. Valid from
/// `configure` until the module is destroyed.
class module_context {
public:
  /// What the host has for every module; made by the runtime.
  struct services {
    const manifest* plan = nullptr;
    actor_system* actors = nullptr;
    host_events* events = nullptr;
    host::health_board* health = nullptr;
    std::string segment_folder;
    std::function<std::chrono::nanoseconds()> now;
    std::function<std::vector<host::child_state>()> processes;
    std::function<std::vector<health_report>()> plugin_health;
    std::function<result<void, inbox_error>(const segment&)> serve;
  };

  module_context(std::string_view module, const services& host)
      : module_{module}, host_{host} {}

  /// This module's name in the manifest.
  [[nodiscard]] std::string_view module_name() const noexcept {
    return module_;
  }
  [[nodiscard]] const manifest& plan() const noexcept { return *host_.plan; }
  /// Where actors are spawned and other modules' actors are found by name.
  [[nodiscard]] actor_system& actors() const noexcept { return *host_.actors; }
  [[nodiscard]] host_events& events() const noexcept { return *host_.events; }

  /// The folder in which segments live, those of this tenant under names that
  /// begin with it: "tenant/service". It may not exist yet.
  [[nodiscard]] const std::string& segment_folder() const noexcept {
    return host_.segment_folder;
  }
  /// Where a relative path in the manifest leads.
  [[nodiscard]] std::string path_beside_manifest(const std::string& path) const;
  /// The host's clock, which never goes back.
  [[nodiscard]] std::chrono::nanoseconds now() const { return host_.now(); }

  /// Says how this module is; published to `events().health`. A module is
  /// `ready` once its `start` has succeeded, without saying so.
  void report(health_state state, std::string reason = {}) const;
  /// Promises that `report` will be called at least every `every`; who breaks
  /// it is `late` until the next report. Zero ends the promise.
  void promise_report(std::chrono::nanoseconds every) const;
  /// The health of every module, process and plugin.
  [[nodiscard]] std::vector<health_report> health() const;
  /// The child processes the manifest names.
  [[nodiscard]] std::vector<host::child_state> processes() const;
  /// Opens the host's inbox in a segment, so that the processes attached to it
  /// can send messages to `commy.alarms` and to the actors of plugins. For
  /// whoever opens the segments, in `start`. The host closes the inbox before
  /// any module is stopped.
  result<void, inbox_error> serve(const segment& shared) const;

private:
  std::string_view module_;
  const services& host_;
};

}  // namespace commy
