#include <commy/platform/detail/deadline.hpp>
#include <commy/platform/posix/close_in_child.hpp>
#include <commy/platform/posix/spawn.hpp>
#include <commy/platform/process.hpp>

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace commy::platform {
namespace {

using namespace std::chrono_literals;

// Linux 5.3 and 5.1; not in every C library's headers.
constexpr long pidfd_open_number = 434;
constexpr long pidfd_send_signal_number = 424;

exit_status status_of(int word) noexcept {
  using kind = exit_status::kind;
  if (WIFEXITED(word)) {
    return {kind::exited, static_cast<std::uint32_t>(WEXITSTATUS(word))};
  }
  return {kind::killed, static_cast<std::uint32_t>(WTERMSIG(word))};
}

}  // namespace

std::string exit_status::text() const {
  switch (how) {
    case kind::exited:
      return "exited with code " + std::to_string(code);
    case kind::killed: {
      const char* const words = ::strsignal(static_cast<int>(code));
      return "killed by signal " + std::to_string(code) + " (" +
             (words == nullptr ? "unknown" : words) + ")";
    }
    case kind::unknown:
      break;
  }
  return "ended, and somebody else took its exit status";
}

result<child_process, spawn_error> child_process::spawn(
    const spawn_options& options) {
  child_process child;
  pipe_reader lifeline_end;
  if (options.lifeline) {
    auto pipe = make_pipe();
    if (!pipe) return unexpected{spawn_error::limit, pipe.error().message()};
    lifeline_end = std::move(pipe->reader);
    child.lifeline_ = std::move(pipe->writer);
    // A forked sibling would hold the line up after our death.
    child.fork_id_ =
        detail::close_in_child(static_cast<int>(child.lifeline_.native()));
  }
  const auto pid = detail::spawn(options, lifeline_end.native());
  if (!pid) return unexpected{pid.error()};
  child.pid_ = static_cast<std::uint32_t>(*pid);
  child.generation_ = detail::fork_generation();
  child.native_ = ::syscall(pidfd_open_number, *pid, 0);
  return child;
}

child_process::child_process(child_process&& other) noexcept
    : pid_{std::exchange(other.pid_, 0)},
      native_{std::exchange(other.native_, -1)},
      stop_event_{std::exchange(other.stop_event_, -1)},
      status_{std::exchange(other.status_, std::nullopt)},
      lifeline_{std::move(other.lifeline_)},
      fork_id_{std::exchange(other.fork_id_, 0)},
      generation_{other.generation_} {}

child_process& child_process::operator=(child_process&& other) noexcept {
  child_process old{std::move(other)};
  std::swap(pid_, old.pid_);
  std::swap(native_, old.native_);
  std::swap(stop_event_, old.stop_event_);
  std::swap(status_, old.status_);
  std::swap(lifeline_, old.lifeline_);
  std::swap(fork_id_, old.fork_id_);
  std::swap(generation_, old.generation_);
  return *this;
}

child_process::~child_process() {
  // A forked copy of this object must not kill what belongs to its parent.
  if (is_running() && generation_ == detail::fork_generation()) {
    kill();
    static_cast<void>(wait_for(std::chrono::milliseconds::max()));
  }
  if (native_ != -1) ::close(static_cast<int>(native_));
  if (fork_id_ != 0) forget_fork_callback(fork_id_);
}

std::optional<exit_status> child_process::try_wait() noexcept {
  if (!is_running()) return status_;
  int word = 0;
  const auto ended = ::waitpid(static_cast<pid_t>(pid_), &word, WNOHANG);
  if (ended > 0) status_ = status_of(word);
  if (ended < 0 && errno == ECHILD) {
    status_ = exit_status{exit_status::kind::unknown, 0};
  }
  return status_;
}

std::optional<exit_status> child_process::wait_for(
    std::chrono::milliseconds at_most) noexcept {
  const detail::deadline until{at_most};
  for (auto nap = 1ms;;
       nap = std::min<std::chrono::milliseconds>(2 * nap, 20ms)) {
    if (auto status = try_wait()) return status;
    const int left = until.left_ms();
    if (left == 0) return std::nullopt;
    if (native_ != -1) {
      pollfd one{static_cast<int>(native_), POLLIN, 0};
      ::poll(&one, 1, left);
    } else {
      const auto pause = std::min(nap, std::chrono::milliseconds{left});
      const timespec wait{0, std::chrono::nanoseconds{pause}.count()};
      ::nanosleep(&wait, nullptr);
    }
  }
}

void child_process::await_end() const noexcept {
  // WNOWAIT: the child stays a zombie, so its pid stays its own.
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT) ==
             -1 &&
         errno == EINTR) {
  }
}

namespace {

/// The pid is the child's own as long as nobody has waited for it; the pidfd
/// stays right even if somebody else in this process has.
void send(std::uint32_t pid, std::intptr_t pidfd, int signal) noexcept {
  if (pidfd != -1) {
    ::syscall(pidfd_send_signal_number, pidfd, signal, nullptr, 0);
  } else {
    ::kill(static_cast<pid_t>(pid), signal);
  }
}

}  // namespace

void child_process::terminate() noexcept {
  if (is_running()) send(pid_, native_, SIGTERM);
}

void child_process::kill() noexcept {
  if (is_running()) send(pid_, native_, SIGKILL);
}

std::string executable_path() {
  std::array<char, PATH_MAX> path;
  const auto size = ::readlink("/proc/self/exe", path.data(), path.size());
  return size < 0 ? std::string{}
                  : std::string(path.data(), static_cast<std::size_t>(size));
}

}  // namespace commy::platform
