#include <commy/platform/library.hpp>

namespace commy::platform {

std::string_view describe(library_error error) noexcept {
  switch (error) {
    case library_error::not_found:
      return "there is no such library; check the path";
    case library_error::not_a_library:
      return "the file is no shared library; build it as one";
    case library_error::wrong_machine:
      return "the library is for another kind of machine; rebuild it for this "
             "one";
    case library_error::missing_dependency:
      return "a library it needs cannot be found; install it, or build the "
             "library with a search path (rpath)";
    case library_error::refused:
      return "the system's loader refuses the library";
    case library_error::no_symbol:
      return "the library does not export this name";
  }
  return "unknown error";
}

}  // namespace commy::platform
