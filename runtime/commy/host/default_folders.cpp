#include <commy/host/default_folders.hpp>
#include <commy/platform/process.hpp>

#include <filesystem>

namespace commy::host {
namespace {

std::filesystem::path here() {
  return std::filesystem::path{platform::executable_path()}.parent_path();
}

}  // namespace

std::vector<std::string> default_program_folders() { return {here().string()}; }

std::vector<std::string> default_plugin_folders() {
  const auto folder = here() / ".." / "lib" / "commy" / "plugins";
  return {folder.lexically_normal().string()};
}

}  // namespace commy::host
