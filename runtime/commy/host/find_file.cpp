#include <commy/host/find_file.hpp>

#include <filesystem>
#include <system_error>

namespace commy::host {
namespace fs = std::filesystem;
namespace {

std::optional<std::string> in_folder(const fs::path& folder,
                                     const fs::path& name) {
  std::error_code ignored;
  const auto path = (folder / name).lexically_normal();
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  return path.string();
}

}  // namespace

std::optional<std::string> find_file(const std::string& name,
                                     const std::string& folder,
                                     std::span<const std::string> places) {
  const fs::path path{name};
  if (!path.has_parent_path()) {
    for (const auto& place : places) {
      if (auto found = in_folder(place, path)) return found;
    }
  }
  return in_folder(folder, path);
}

}  // namespace commy::host
