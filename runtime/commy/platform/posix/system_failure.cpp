#include <commy/platform/detail/system_failure.hpp>

#include <cerrno>
#include <system_error>

namespace commy::platform::detail {

int last_error() noexcept { return errno; }

file_error classify(int error) noexcept {
  switch (error) {
    case ENOENT:
      return file_error::not_found;
    case EEXIST:
    case ENOTEMPTY:
      return file_error::exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return file_error::no_permission;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return file_error::no_space;
    case EISDIR:
    case ENOTDIR:
    case ELOOP:  // O_NOFOLLOW met a link.
    case ENXIO:  // A socket, or a device without a driver.
      return file_error::not_regular;
    case ENAMETOOLONG:
      return file_error::name_too_long;
    case ENOSYS:
    case EOPNOTSUPP:
      return file_error::unsupported;
    default:
      return file_error::io;
  }
}

std::string error_text(int error) {
  return std::system_category().message(error);
}

}  // namespace commy::platform::detail
