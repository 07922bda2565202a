#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/file.hpp>

namespace commy::platform {

std::string_view describe(file_error error) noexcept {
  switch (error) {
    case file_error::not_found:
      return "there is no such file or folder; check the path";
    case file_error::exists:
      return "the name is already taken, or the folder is not empty";
    case file_error::no_permission:
      return "the operating system refuses this user; check owner and rights";
    case file_error::no_space:
      return "the file system or the quota is full; free some space";
    case file_error::not_regular:
      return "this is a link, a device or of another kind than wanted (file or "
             "folder); remove it or choose another path";
    case file_error::name_too_long:
      return "the path is longer than this system allows; choose a shorter one";
    case file_error::unsupported:
      return "this system has no such thing";
    case file_error::io:
      return "the operating system reported an input or output error";
  }
  return "unknown error";
}

namespace detail {

std::string place(std::string_view path, std::string_view words) {
  // A failure keeps 240 bytes of text; the words of a system are at most some
  // 60, so 160 bytes of path leave room for both.
  constexpr std::size_t longest_path = 160;
  std::string text;
  if (path.size() > longest_path) {
    text = "...";
    path.remove_prefix(path.size() - longest_path);
  }
  text += path;
  text += ": ";
  text += words;
  return text;
}

unexpected<file_error> system_failure(std::string_view path, int error) {
  return {classify(error), place(path, error_text(error))};
}

}  // namespace detail
}  // namespace commy::platform
