// commy/platform/detail/system_failure.hpp: the system's error numbers in ours.
#pragma once

#include <commy/platform/file.hpp>

#include <string>
#include <string_view>

namespace commy::platform::detail {

/// What the last system call of this thread failed with: errno or
/// GetLastError().
int last_error() noexcept;

/// Which `file_error` an error number means.
file_error classify(int error) noexcept;

/// The system's own words for an error number.
std::string error_text(int error);

/// `path: the system's words`; the front of a long path is cut, so that the
/// words and the file's name always fit a failure's text.
std::string place(std::string_view path, std::string_view words);

/// The failure that `error` means, about `path`.
unexpected<file_error> system_failure(std::string_view path, int error);

}  // namespace commy::platform::detail
