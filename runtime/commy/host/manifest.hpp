// commy/host/manifest.hpp: the JSON file that says what a host runs.
#pragma once

#include <commy/base/result.hpp>
#include <commy/host/expand.hpp>
#include <commy/host/options.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace commy {

struct module_description;

namespace host {
struct json_value;
}

enum class manifest_error : std::uint8_t {
  not_found,   // No such file.
  unreadable,  // A folder or pipe, no permission, or more than 1 MiB.
  flawed,      // Its content is wrong; the detail quotes the first problem.
};
std::string_view describe(manifest_error error) noexcept;

/// When a child process that has ended is started again.
enum class restart_policy : std::uint8_t {
  always,
  on_failure,  // Unless it exited with code 0.
  never
};

/// A program the host starts and keeps running.
struct process_entry {
  std::string name;
  /// As written: a path with a slash is relative to the manifest's folder, a
  /// bare name is looked for beside this program, then in that folder.
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  restart_policy restart = restart_policy::on_failure;
  /// More restarts than this within that time, and the host gives up.
  std::uint32_t max_restarts = 5;
  std::chrono::nanoseconds within{};
  /// How long it may take to end once asked, before it is killed.
  std::chrono::nanoseconds stop_within{};
};

/// A plugin library and the actors it contributes.
struct plugin_entry {
  std::string id;
  /// As written; resolved like `process_entry::program`, but in plugin folders.
  std::string path;
  /// Name of the actor in this host, and the plugin's type for it.
  std::vector<std::pair<std::string, std::string>> actors;
};

/// What a host is to run, read and checked. Immutable; copies share.
class manifest {
public:
  /// Reads, expands (`${NAME}`) and checks a file. With `modules`, also the
  /// options of the modules it names; else `runtime::start` checks them. On
  /// failure `problems`, if given, has every problem, not just the first.
  static result<manifest, manifest_error> from_file(
      const std::string& path, std::span<const module_description> modules = {},
      manifest_problems* problems = nullptr);

  /// The same for text that stands in no file. `origin` is what messages call
  /// it, `folder` what relative paths in it are relative to.
  static result<manifest, manifest_error> from_text(
      std::string_view json, std::string origin, std::string folder,
      const variable_lookup& variables,
      std::span<const module_description> modules = {},
      manifest_problems* problems = nullptr);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& tenant() const noexcept { return tenant_; }
  /// The file, or the `origin`.
  [[nodiscard]] const std::string& origin() const noexcept { return origin_; }
  /// The folder that holds the file.
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  /// In the file's order.
  [[nodiscard]] const std::vector<std::string>& modules() const noexcept {
    return modules_;
  }
  [[nodiscard]] const std::vector<plugin_entry>& plugins() const noexcept {
    return plugins_;
  }
  [[nodiscard]] const std::vector<process_entry>& processes() const noexcept {
    return processes_;
  }

  /// The options of a module named in `modules()`, checked against its table.
  [[nodiscard]] option_values module_options(std::string_view module,
                                             std::span<const option> options,
                                             manifest_problems& problems) const;
  /// The options of `plugins()[index]`, likewise.
  [[nodiscard]] option_values plugin_options(std::size_t index,
                                             std::span<const option> options,
                                             manifest_problems& problems) const;
  /// Checks that each module is known and its options are right.
  void check_modules(std::span<const module_description> known,
                     manifest_problems& problems) const;

  /// The manifest as the host understands it, as JSON: variables expanded,
  /// defaults filled in, secrets and values of environments replaced by
  /// "(secret)". `known` are the modules whose options have tables.
  [[nodiscard]] std::string print(
      std::span<const module_description> known) const;

private:
  manifest() = default;
  void read(manifest_problems& problems);
  void read_processes(manifest_problems& problems);
  void read_plugins(manifest_problems& problems);

  std::string origin_;
  std::string folder_;
  std::string name_;
  std::string tenant_;
  std::vector<std::string> modules_;
  std::vector<plugin_entry> plugins_;
  std::vector<process_entry> processes_;
  std::shared_ptr<const host::json_value> root_;
};

/// A JSON schema (draft 7, what editors know) of manifests with these modules.
std::string manifest_schema(std::span<const module_description> modules);

}  // namespace commy
