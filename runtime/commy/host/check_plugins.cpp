#include <commy/host/check_plugins.hpp>
#include <commy/host/find_file.hpp>
#include <commy/host/json_value.hpp>
#include <commy/host/nearest.hpp>
#include <commy/host/option_text.hpp>
#include <commy/host/plugin_loader.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace commy::host {
namespace {

void check_actors(const plugin_entry& entry, const plugin_table& table,
                  const std::string& path, manifest_problems& problems) {
  std::vector<std::string_view> known;
  known.reserve(table.types.size());
  for (const auto& type : table.types)
    known.push_back(type.name);
  for (const auto& [name, type] : entry.actors) {
    if (std::find(known.begin(), known.end(), type) != known.end()) continue;
    std::string text = "the plugin has no type \"" + type + "\"; ";
    if (const auto near = nearest(type, known)) {
      text += "did you mean \"" + std::string{*near} + "\"?";
    } else {
      text += "it has " + list_of(known);
    }
    problems.add(manifest_flaw::bad_value, 0, 0,
                 path_to(path_to(path, "actors"), name), std::move(text));
  }
}

}  // namespace

void check_plugins(const manifest& plan,
                   std::span<const std::string> plugin_folders,
                   manifest_problems& problems) {
  for (std::size_t i = 0; i < plan.plugins().size(); ++i) {
    const auto& entry = plan.plugins()[i];
    const auto path = path_to("plugins", i);
    const auto file = find_file(entry.path, plan.folder(), plugin_folders);
    if (!file) {
      problems.add(
          manifest_flaw::bad_value, 0, 0, path_to(path, "path"),
          entry.path + ": " + std::string{describe(plugin_error::not_found)});
      continue;
    }
    const auto table = load_plugin(*file, entry.id);
    if (!table) {
      problems.add(manifest_flaw::bad_value, 0, 0, path,
                   table.error().message());
      continue;
    }
    static_cast<void>(plan.plugin_options(i, table->options, problems));
    check_actors(entry, *table, path, problems);
  }
}

}  // namespace commy::host
