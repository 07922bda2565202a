#include <commy/host/json_value.hpp>
#include <commy/host/manifest.hpp>
#include <commy/host/manifest_tables.hpp>
#include <commy/host/module.hpp>
#include <commy/host/option_reader.hpp>
#include <commy/host/option_text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace commy {
namespace {

using json = nlohmann::ordered_json;
constexpr std::string_view hidden = "(secret)";

json print_one(const option& what, const option_value& value) {
  switch (what.kind) {
    case option_kind::texts: {
      json list = json::array();
      for (const auto& text : std::get<std::vector<std::string>>(value)) {
        list.push_back(what.secret ? hidden : std::string_view{text});
      }
      return list;
    }
    case option_kind::table: {
      json object = json::object();
      for (const auto& [key, text] :
           std::get<std::vector<std::pair<std::string, std::string>>>(value)) {
        object[key] = what.secret ? hidden : std::string_view{text};
      }
      return object;
    }
    default:
      break;
  }
  if (what.secret) return hidden;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
  return host::print_value(what, value);
}

json print_all(const option_values& values) {
  json object = json::object();
  for (std::size_t i = 0; i < values.options().size(); ++i) {
    if (values.at(i).index() == 0) continue;
    const auto& what = values.options()[i];
    object[std::string{what.name}] = print_one(what, values.at(i));
  }
  return object;
}

// What no table describes: only its keys are certainly no secrets.
json print_keys(const host::json_value* value) {
  json object = json::object();
  if (value == nullptr) return object;
  for (const auto& member : value->members)
    object[member.key] = hidden;
  return object;
}

}  // namespace

std::string manifest::print(std::span<const module_description> known) const {
  // What is wrong was reported when the manifest was read.
  manifest_problems ignored;
  auto root = print_all(host::read_options(host::manifest_options, *root_, {},
                                           ignored, host::manifest_sections));

  auto& modules = root["modules"] = json::object();
  for (const auto& name : modules_) {
    const auto module =
        std::find_if(known.begin(), known.end(),
                     [&](const auto& m) { return m.name == name; });
    modules[name] =
        module != known.end()
            ? print_all(module_options(name, module->options, ignored))
            : print_keys(root_->find("modules")->find(name));
  }
  auto& plugins = root["plugins"] = json::array();
  for (std::size_t i = 0; i < plugins_.size(); ++i) {
    const auto& item = root_->find("plugins")->items[i];
    auto plugin = print_all(host::read_options(host::plugin_options, item, {},
                                               ignored, host::plugin_sections));
    plugin["options"] = print_keys(item.find("options"));
    plugins.push_back(std::move(plugin));
  }
  auto& processes = root["processes"] = json::object();
  for (const auto& process : processes_) {
    const auto* json_process = root_->find("processes")->find(process.name);
    processes[process.name] = print_all(
        host::read_options(host::process_options, *json_process, {}, ignored));
  }
  return root.dump(2) + "\n";
}

}  // namespace commy
