#include <commy/platform/posix/close_in_child.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

namespace commy::platform::detail {
namespace {

void replace(void* context) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(context));
  const int nothing = ::open("/", O_PATH | O_CLOEXEC);
  if (nothing < 0) {
    ::close(fd);
    return;
  }
  ::dup3(nothing, fd, O_CLOEXEC);
  ::close(nothing);
}

}  // namespace

int close_in_child(int fd) {
  return on_fork_in_child(replace, reinterpret_cast<void*>(std::intptr_t{fd}));
}

}  // namespace commy::platform::detail
