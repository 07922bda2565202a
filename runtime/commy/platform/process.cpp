#include <commy/platform/process.hpp>

namespace commy::platform {

std::string_view describe(spawn_error error) noexcept {
  switch (error) {
    case spawn_error::bad_argument:
      return "an argument, a variable's name or its value cannot be passed on";
    case spawn_error::not_found:
      return "there is no such program (or no interpreter for it); check the "
             "path";
    case spawn_error::no_permission:
      return "this user may not execute the program; check its rights";
    case spawn_error::not_executable:
      return "the file is no program for this machine";
    case spawn_error::limit:
      return "the system has no process, memory or descriptor left";
    case spawn_error::io:
      return "the program cannot be started";
  }
  return "unknown error";
}

}  // namespace commy::platform
