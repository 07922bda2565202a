#include <commy/platform/posix/proc_stat.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>

namespace commy::platform::detail {

std::optional<proc_stat> parse_proc_stat(std::string_view text) noexcept {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);  // " S 1 ...": field 3 comes next.
  proc_stat found;
  for (int field = 3; field <= 52; ++field) {
    if (text.empty() || text.front() != ' ') return std::nullopt;
    text.remove_prefix(1);
    const auto word = text.substr(0, text.find_first_of(" \n"));
    const auto number = [&](auto& into) {
      std::from_chars(word.data(), word.data() + word.size(), into);
    };
    if (field == 3 && !word.empty()) found.state = word.front();
    if (field == 22) number(found.started);
    if (field == 52) number(found.wait_status);
    text.remove_prefix(word.size());
  }
  return found;
}

std::optional<proc_stat> read_proc_stat(std::uint32_t pid) noexcept {
  std::array<char, 32> path;
  if (pid == 0) {
    std::snprintf(path.data(), path.size(), "/proc/self/stat");
  } else {
    std::snprintf(path.data(), path.size(), "/proc/%u/stat", pid);
  }
  const int fd = ::open(path.data(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::array<char, 1024> text;
  const auto got = ::read(fd, text.data(), text.size());
  struct stat owner{};
  const bool known = ::fstat(fd, &owner) == 0;
  ::close(fd);
  if (got <= 0) return std::nullopt;
  auto found = parse_proc_stat({text.data(), static_cast<std::size_t>(got)});
  if (found) {
    found->is_ours = known && (::geteuid() == 0 || owner.st_uid == ::geteuid());
  }
  return found;
}

}  // namespace commy::platform::detail
