#include <commy/platform/file_system.hpp>

namespace commy::platform {

std::string_view describe(file_system kind) noexcept {
  switch (kind) {
    case file_system::memory:
      return "memory";
    case file_system::disk:
      return "disk";
    case file_system::network:
      return "network";
  }
  return "unknown";
}

}  // namespace commy::platform
