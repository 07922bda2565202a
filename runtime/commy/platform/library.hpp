// commy/platform/library.hpp: a shared library, loaded while we run.
#pragma once

#include <commy/base/result.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace commy::platform {

enum class library_error {
  not_found,           // No such file.
  not_a_library,       // The file is something else; the detail says what.
  wrong_machine,       // For another processor or word size.
  missing_dependency,  // It needs a library that cannot be found.
  refused,             // The loader's own words are in the detail.
  no_symbol,           // It does not export that name.
};
std::string_view describe(library_error error) noexcept;

/// A loaded shared library (.so, .dll). It stays loaded until the process ends,
/// whatever happens to this object: code may be on some stack, and in tables
/// of the language runtime, where nobody can find it. Threads: any.
class shared_library {
public:
  /// Loads with all its symbols resolved now and none of them offered to other
  /// libraries. The file's header is looked at first, so that a wrong kind of
  /// file is named as such and none of its code runs. `path` without a slash is
  /// in the current folder; no search path is used. Runs the library's
  /// initializers.
  static result<shared_library, library_error> load(const std::string& path);

  /// The address of an exported function or object. Fails with `no_symbol`.
  result<void*, library_error> symbol(const std::string& name) const;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  shared_library(void* native, std::string path) noexcept
      : native_{native}, path_{std::move(path)} {}
  void* native_;
  std::string path_;
};

}  // namespace commy::platform
