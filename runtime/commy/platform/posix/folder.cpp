#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/file.hpp>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace commy::platform {
namespace {

using detail::place;
using detail::system_failure;

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Where everybody may create names, somebody else may have made the folder
/// before us in order to read or replace what we put there.
bool is_planted(const std::string& path, const struct stat& about) {
  if (about.st_uid == ::geteuid() || about.st_uid == 0) return false;
  struct stat parent{};
  return ::stat(parent_of(path).c_str(), &parent) != 0 ||
         (parent.st_mode & S_IWOTH) != 0;
}

result<void, file_error> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) == 0) return {};
  const int error = errno;
  // An existing folder answers EEXIST, but also EACCES or EROFS, depending on
  // what the system looks at first.
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return system_failure(path, error);
  if (!S_ISDIR(about.st_mode)) {
    return unexpected{file_error::not_regular, place(path, "is no folder")};
  }
  if (is_planted(path, about)) {
    return unexpected{file_error::no_permission,
                      place(path, "belongs to another user")};
  }
  return {};
}

struct close_folder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

}  // namespace

result<void, file_error> make_folders(const std::string& path) {
  // From the root down. A path has at most PATH_MAX bytes, else mkdir says so.
  auto end = path.find_first_not_of('/');
  while (end != std::string::npos) {
    end = path.find('/', end);
    if (auto made = make_folder(path.substr(0, end)); !made) return made;
    end = path.find_first_not_of('/', end);
  }
  return {};
}

bool open_files_move() noexcept { return true; }

result<void, file_error> rename_folder(const std::string& from,
                                       const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_failure(to, errno);
  return {};
}

result<void, file_error> remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return system_failure(path, errno);
  return {};
}

result<std::vector<std::string>, file_error> list_folder(
    const std::string& path) {
  constexpr std::size_t most_names = 65'536;
  const std::unique_ptr<DIR, close_folder> folder{::opendir(path.c_str())};
  if (!folder) return system_failure(path, errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr && errno != 0) return system_failure(path, errno);
    if (entry == nullptr) return names;
    const std::string_view name{entry->d_name};
    if (name == "." || name == "..") continue;
    if (names.size() == most_names) {
      return unexpected{file_error::io, place(path, "more than 65,536 names")};
    }
    names.emplace_back(name);
  }
}

std::string default_segment_folder() {
  const char* chosen = std::getenv("COMMY_DIRECTORY");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  return "/dev/shm/commy-" + std::to_string(::geteuid());
}

result<std::uint64_t, file_error> free_space(const std::string& path) {
  struct statvfs about{};
  if (::statvfs(path.c_str(), &about) != 0) return system_failure(path, errno);
  return std::uint64_t{about.f_bavail} * about.f_frsize;
}

}  // namespace commy::platform
