#include <commy/host/json_value.hpp>
#include <commy/host/manifest.hpp>
#include <commy/host/manifest_tables.hpp>
#include <commy/host/module.hpp>
#include <commy/host/module_order.hpp>
#include <commy/host/nearest.hpp>
#include <commy/host/option_reader.hpp>
#include <commy/host/option_text.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace commy {
namespace {

using host::json_kind;
using host::json_value;
using host::path_to;

// Names become parts of paths, patterns and log lines.
bool is_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
         });
}

void check_name(std::string_view name, const json_value& at, std::string path,
                manifest_problems& problems) {
  if (is_name(name)) return;
  problems.add(manifest_flaw::bad_value, at.line, at.column, std::move(path),
               "\"" + std::string{name} +
                   "\" is no name: 1 to 64 letters, digits, '_', '-' and '.', "
                   "not beginning with '.'");
}

// A section of the manifest: absent is as good as empty.
const json_value* section(const json_value& root, std::string_view name,
                          json_kind kind, std::size_t entries_max,
                          manifest_problems& problems) {
  const auto* found = root.find(name);
  if (found == nullptr) return nullptr;
  const auto entries = found->items.size() + found->members.size();
  if (found->kind != kind) {
    problems.add(manifest_flaw::wrong_type, found->line, found->column,
                 std::string{name},
                 std::string{describe(kind)} + " is wanted, " +
                     std::string{describe(found->kind)} + " was found");
    return nullptr;
  }
  if (entries > entries_max) {
    problems.add(
        manifest_flaw::too_many, found->line, found->column, std::string{name},
        "at most " + std::to_string(entries_max) + " entries are wanted, " +
            std::to_string(entries) + " were found");
    return nullptr;
  }
  return found;
}

const json_value& empty_object() {
  static const auto empty = [] {
    json_value made;
    made.kind = json_kind::object;
    return made;
  }();
  return empty;
}

// A wrong value stands for the default here: its problem is already noted.
restart_policy restart_of(const option_values& values) {
  const auto& text = values.text("restart");
  if (text == "always") return restart_policy::always;
  if (text == "never") return restart_policy::never;
  return restart_policy::on_failure;
}

unexpected<manifest_error> flawed(const manifest_problems& problems) {
  std::string text = problems.all().front().message();
  if (problems.count() > 1) {
    const auto more =
        " (and " + std::to_string(problems.count() - 1) + " more problems)";
    // The count matters more than the end of a long sentence.
    constexpr std::size_t room = 240;
    if (text.size() + more.size() > room) {
      text.resize(room - more.size() - 3);
      text += "...";
    }
    text += more;
  }
  return {manifest_error::flawed, text};
}

}  // namespace

std::string_view describe(manifest_error error) noexcept {
  switch (error) {
    case manifest_error::not_found:
      return "there is no such manifest; check the path";
    case manifest_error::unreadable:
      return "the manifest cannot be read: it must be a regular file of at "
             "most 1 MiB that this user may read";
    case manifest_error::flawed:
      return "the manifest cannot be used as it is";
  }
  return "unknown manifest error";
}

result<manifest, manifest_error> manifest::from_file(
    const std::string& path, std::span<const module_description> modules,
    manifest_problems* problems) {
  namespace fs = std::filesystem;
  std::error_code status;
  const auto type = fs::status(path, status).type();
  if (type == fs::file_type::not_found) {
    return unexpected{manifest_error::not_found, path};
  }
  // Only a regular file has an end; a FIFO could make us wait for ever.
  if (type != fs::file_type::regular) {
    return unexpected{manifest_error::unreadable, path};
  }
  std::ifstream file{path, std::ios::binary};
  std::string bytes(host::manifest_bytes_max + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(
      static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (!file.eof() || bytes.size() > host::manifest_bytes_max) {
    return unexpected{manifest_error::unreadable, path};
  }
  const auto absolute = fs::absolute(path, status);
  return from_text(bytes, path, absolute.parent_path().string(),
                   host::process_variable, modules, problems);
}

result<manifest, manifest_error> manifest::from_text(
    std::string_view json, std::string origin, std::string folder,
    const variable_lookup& variables,
    std::span<const module_description> modules, manifest_problems* problems) {
  manifest_problems own{origin};
  manifest made;
  if (json.size() > host::manifest_bytes_max) {
    return unexpected{manifest_error::unreadable, origin};
  }
  if (auto root = host::parse_json(json, own)) {
    host::expand_variables(*root, variables, own);
    made.origin_ = std::move(origin);
    made.folder_ = std::move(folder);
    made.root_ = std::make_shared<const json_value>(std::move(*root));
    made.read(own);
    if (!modules.empty()) made.check_modules(modules, own);
  }
  const bool usable = own.none();
  auto why = usable ? unexpected{manifest_error::flawed} : flawed(own);
  if (problems != nullptr) *problems = std::move(own);
  if (!usable) return why;
  return made;
}

void manifest::read(manifest_problems& problems) {
  const auto values = host::read_options(host::manifest_options, *root_, {},
                                         problems, host::manifest_sections);
  if (root_->kind != json_kind::object) return;
  for (const std::string_view key : {"name", "tenant"}) {
    auto& field = key == "name" ? name_ : tenant_;
    if (!values.has(key)) continue;
    field = values.text(key);
    const auto* at = root_->find(key);
    if (at != nullptr && !field.empty()) {
      check_name(field, *at, std::string{key}, problems);
    }
  }
  if (const auto* modules = section(*root_, "modules", json_kind::object,
                                    host::modules_max, problems)) {
    for (const auto& member : modules->members) {
      modules_.push_back(member.key);
    }
  }
  read_plugins(problems);
  read_processes(problems);
}

void manifest::read_plugins(manifest_problems& problems) {
  const auto* list =
      section(*root_, "plugins", json_kind::list, host::plugins_max, problems);
  if (list == nullptr) return;
  std::vector<std::string> actors;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const auto& json = list->items[i];
    const auto path = path_to("plugins", i);
    const auto values = host::read_options(host::plugin_options, json, path,
                                           problems, host::plugin_sections);
    plugin_entry entry;
    if (values.has("id")) entry.id = values.text("id");
    if (values.has("path")) entry.path = values.text("path");
    entry.actors = values.table("actors");
    const auto clash = [&](std::string_view what, const std::string& name) {
      problems.add(manifest_flaw::bad_value, json.line, json.column, path,
                   std::string{what} + " \"" + name +
                       "\" is used by an earlier entry; choose another");
    };
    if (!entry.id.empty()) {
      check_name(entry.id, json, path_to(path, "id"), problems);
      if (std::any_of(plugins_.begin(), plugins_.end(),
                      [&](const auto& p) { return p.id == entry.id; })) {
        clash("the id", entry.id);
      }
    }
    for (const auto& [name, type] : entry.actors) {
      check_name(name, json, path_to(path_to(path, "actors"), name), problems);
      if (std::find(actors.begin(), actors.end(), name) != actors.end()) {
        clash("the actor name", name);
      }
      actors.push_back(name);
    }
    plugins_.push_back(std::move(entry));
  }
}

void manifest::read_processes(manifest_problems& problems) {
  const auto* table = section(*root_, "processes", json_kind::object,
                              host::processes_max, problems);
  if (table == nullptr) return;
  for (const auto& [name, line, column, json] : table->members) {
    const auto path = path_to("processes", name);
    check_name(name, json, path, problems);
    const auto before = problems.count();
    const auto values =
        host::read_options(host::process_options, json, path, problems);
    // The values of one that is wrong may be absent.
    if (problems.count() != before || !values.has("program")) continue;
    process_entry entry;
    entry.name = name;
    entry.program = values.text("program");
    entry.arguments = values.texts("arguments");
    entry.environment = values.table("environment");
    entry.restart = restart_of(values);
    entry.max_restarts =
        gsl::narrow<std::uint32_t>(values.integer("max_restarts"));
    entry.within = values.duration("within");
    entry.stop_within = values.duration("stop_within");
    processes_.push_back(std::move(entry));
  }
}

option_values manifest::module_options(std::string_view module,
                                       std::span<const option> options,
                                       manifest_problems& problems) const {
  const auto* modules = root_->find("modules");
  Expects(modules != nullptr);
  const auto* json = modules->find(module);
  Expects(json != nullptr);
  return host::read_options(options, *json, path_to("modules", module),
                            problems);
}

option_values manifest::plugin_options(std::size_t index,
                                       std::span<const option> options,
                                       manifest_problems& problems) const {
  Expects(index < plugins_.size());
  const auto* json = root_->find("plugins")->items[index].find("options");
  return host::read_options(options, json != nullptr ? *json : empty_object(),
                            path_to(path_to("plugins", index), "options"),
                            problems);
}

void manifest::check_modules(std::span<const module_description> known,
                             manifest_problems& problems) const {
  if (modules_.empty()) return;
  std::vector<std::string_view> known_names;
  for (const auto& module : known)
    known_names.push_back(module.name);
  std::vector<const module_description*> chosen;
  for (const auto& member : root_->find("modules")->members) {
    const auto found =
        std::find(known_names.begin(), known_names.end(), member.key);
    if (found != known_names.end()) {
      const auto& module =
          known[static_cast<std::size_t>(found - known_names.begin())];
      chosen.push_back(&module);
      static_cast<void>(module_options(module.name, module.options, problems));
      continue;
    }
    std::string text = "unknown module; ";
    if (const auto near = host::nearest(member.key, known_names)) {
      text += "did you mean \"" + std::string{*near} + "\"?";
    } else {
      text += "this program has " + host::list_of(known_names);
    }
    problems.add(manifest_flaw::unknown_module, member.line, member.column,
                 path_to("modules", member.key), std::move(text));
  }
  host::order_modules(chosen, problems);
}

}  // namespace commy
