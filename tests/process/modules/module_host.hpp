// module_host.hpp: a host in the test, from a manifest's text.
#pragma once

#include "modules/allocator/module.hpp"
#include "modules/auth/module.hpp"
#include "modules/gateway/module.hpp"
#include "modules/heartbeat/module.hpp"
#include "support/test_folder.hpp"
#include <commy/host/runtime.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace commy::tests {

inline const std::vector<module_description>& all_modules() {
  static const std::vector<module_description> all{
      modules::allocator(), modules::auth(), modules::gateway(),
      modules::heartbeat()};
  return all;
}

/// `modules` is the manifest's object of that name.
inline std::string manifest_text(const std::string& modules) {
  return R"({"name": "test", "tenant": "demo", "modules": )" + modules + "}";
}

inline result<runtime, start_error> start_host(const test::test_folder& folder,
                                               const std::string& modules) {
  const auto plan = manifest::from_text(
      manifest_text(modules), "test", folder.path(),
      [](std::string_view) { return std::optional<std::string>{}; },
      all_modules());
  return runtime::start(plan.value(), all_modules(),
                        {.segment_folder = folder / "segments"});
}

/// Why a host does not start; empty when it does.
inline std::string refusal(const test::test_folder& folder,
                           const std::string& modules) {
  const auto started = start_host(folder, modules);
  return started ? std::string{} : started.error().message();
}

}  // namespace commy::tests
