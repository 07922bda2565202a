#include <commy/platform/detail/deadline.hpp>
#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/pipe.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace commy::platform {
namespace {

unexpected<pipe_error> pipe_failure(std::string_view what, int error) {
  const auto code = error == EPIPE                       ? pipe_error::closed
                    : error == EMFILE || error == ENFILE ? pipe_error::limit
                                                         : pipe_error::io;
  return {code, detail::place(what, detail::error_text(error))};
}

/// Waits until `fd` can be read or written without waiting, or has lost its
/// other end.
result<void, pipe_error> wait_ready(std::intptr_t fd, short events,
                                    const detail::deadline& until) {
  for (;;) {
    pollfd one{static_cast<int>(fd), events, 0};
    const int ready = ::poll(&one, 1, until.left_ms());
    if (ready > 0) return {};
    if (ready == 0) return unexpected{pipe_error::timeout};
    if (errno != EINTR) return pipe_failure("wait for a pipe", errno);
  }
}

/// Turns the SIGPIPE of a write into its error alone. The signal is sent to the
/// writing thread, so that blocking and taking it here is seen by nobody.
class broken_pipe_held {
public:
  broken_pipe_held() noexcept {
    sigemptyset(&only_);
    sigaddset(&only_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &only_, &before_);
  }
  broken_pipe_held(const broken_pipe_held&) = delete;
  broken_pipe_held& operator=(const broken_pipe_held&) = delete;
  ~broken_pipe_held() {
    if (!was_pending_) {
      const timespec now{};
      while (::sigtimedwait(&only_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

private:
  sigset_t only_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

/// Where a process runs without standard streams, a pipe must not take their
/// numbers: `spawn` would overwrite it in the child.
int above_standard_streams(int fd) noexcept {
  if (fd > STDERR_FILENO) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  ::close(fd);
  errno = error;
  return moved;
}

/// The descriptor named by an environment variable, if it is an end of a pipe
/// in the wanted direction.
result<int, pipe_error> inherited(const char* variable, int direction) {
  const char* const value = std::getenv(variable);
  if (value == nullptr) {
    return unexpected{pipe_error::io, detail::place(variable, "is not set")};
  }
  int fd = -1;
  const char* const end = value + std::strlen(value);
  const auto [stop, error] = std::from_chars(value, end, fd);
  struct stat about{};
  const bool is_pipe = error == std::errc{} && stop == end &&
                       ::fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode) &&
                       (::fcntl(fd, F_GETFL) & O_ACCMODE) == direction;
  if (!is_pipe) {
    return unexpected{pipe_error::io,
                      detail::place(variable, "names no pipe of this kind")};
  }
  // Ours now; our own children do not get it.
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

}  // namespace

result<pipe_ends, pipe_error> make_pipe() {
  int both[2];
  if (::pipe2(both, O_CLOEXEC) != 0) return pipe_failure("make a pipe", errno);
  pipe_ends ends{pipe_reader{both[0]}, pipe_writer{both[1]}};
  // In this order: nothing is closed twice, also when there is no number left.
  ends.reader.native_ = above_standard_streams(both[0]);
  if (!ends.reader.is_open()) return pipe_failure("make a pipe", errno);
  ends.writer.native_ = above_standard_streams(both[1]);
  if (!ends.writer.is_open()) return pipe_failure("make a pipe", errno);
  return ends;
}

result<pipe_reader, pipe_error> pipe_reader::from_environment(
    const char* variable) {
  const auto fd = inherited(variable, O_RDONLY);
  if (!fd) return unexpected{fd.error()};
  return pipe_reader{*fd};
}

result<std::size_t, pipe_error> pipe_reader::read_some(
    std::span<std::byte> into, std::chrono::milliseconds at_most) {
  const detail::deadline until{at_most};
  for (;;) {
    if (auto ready = wait_ready(native_, POLLIN, until); !ready) {
      return unexpected{ready.error()};
    }
    const auto got =
        ::read(static_cast<int>(native_), into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) {
      return pipe_failure("read from a pipe", errno);
    }
  }
}

void pipe_reader::close() noexcept {
  if (is_open()) ::close(static_cast<int>(std::exchange(native_, -1)));
}

result<pipe_writer, pipe_error> pipe_writer::from_environment(
    const char* variable) {
  const auto fd = inherited(variable, O_WRONLY);
  if (!fd) return unexpected{fd.error()};
  return pipe_writer{*fd};
}

result<void, pipe_error> pipe_writer::write_all(
    std::span<const std::byte> from, std::chrono::milliseconds at_most) {
  const detail::deadline until{at_most};
  const broken_pipe_held quiet;
  while (!from.empty()) {
    if (auto ready = wait_ready(native_, POLLOUT, until); !ready) return ready;
    // A pipe that poll() calls writable takes PIPE_BUF bytes at once; more
    // could wait beyond the deadline.
    const auto piece = from.first(std::min<std::size_t>(from.size(), PIPE_BUF));
    const auto put =
        ::write(static_cast<int>(native_), piece.data(), piece.size());
    if (put >= 0) {
      from = from.subspan(static_cast<std::size_t>(put));
    } else if (errno != EINTR && errno != EAGAIN) {
      return pipe_failure("write to a pipe", errno);
    }
  }
  return {};
}

void pipe_writer::close() noexcept {
  if (is_open()) ::close(static_cast<int>(std::exchange(native_, -1)));
}

}  // namespace commy::platform
