// commy/host/module_set.hpp: the modules of one host, from start to stop.
#pragma once

#include <commy/base/result.hpp>
#include <commy/host/module.hpp>
#include <commy/host/module_context.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace commy::host {

/// Runs the steps of modules, each in a thread of its own, so that one which
/// hangs can be named and left alone. Threads: one at a time.
class module_set {
public:
  /// `services` must outlive each step, also one that never ends: each holds
  /// `keep` while it runs.
  module_set(const module_context::services& services, std::weak_ptr<void> keep)
      : services_{services}, keep_{std::move(keep)} {}

  /// Makes, configures and starts one module. What it needs was started. One
  /// whose `start` has failed is stopped by `stop`, like the others.
  result<void, module_error> start(const module_description& what,
                                   const option_values& options);

  /// Stops all, the last started first. Returns those that were late or failed,
  /// with the reason; a late one is never destroyed.
  std::vector<std::string> stop();

private:
  struct member {
    const module_description* what;
    std::shared_ptr<host_module> module;
    std::unique_ptr<module_context> context;
  };
  [[nodiscard]] health_state state_of(std::string_view module) const;

  const module_context::services& services_;
  std::weak_ptr<void> keep_;
  std::vector<std::shared_ptr<member>> members_;
};

}  // namespace commy::host
