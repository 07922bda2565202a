#include <commy/host/check_plugins.hpp>
#include <commy/host/default_folders.hpp>
#include <commy/host/manifest.hpp>

#include <iostream>
#include <tools/commy/commands.hpp>

namespace tool {

exit_code check(const settings& s) {
  commy::manifest_problems problems;
  const auto plan =
      commy::manifest::from_file(s.manifest, linked_modules(), &problems);
  if (!plan) {
    std::cerr << (problems.none() ? plan.error().message() : problems.message())
              << '\n';
    return wrong_manifest;
  }
  commy::manifest_problems of_plugins{s.manifest};
  commy::host::check_plugins(*plan,
                             s.plugin_folders.empty()
                                 ? commy::host::default_plugin_folders()
                                 : s.plugin_folders,
                             of_plugins);
  if (!of_plugins.none()) {
    std::cerr << of_plugins.message() << '\n';
    return wrong_manifest;
  }
  if (s.print) std::cout << plan->print(linked_modules());
  return success;
}

}  // namespace tool
