#include <commy/platform/posix/proc_stat.hpp>
#include <commy/platform/process_watch.hpp>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace commy::platform {
namespace {

using std::chrono::nanoseconds;

// Linux 5.3; not in every C library's headers.
constexpr long pidfd_open_number = 434;

// Linux 6.13, its exit code 6.15; in the headers of newer C libraries only.
struct pidfd_info {
  std::uint64_t mask;
  std::uint64_t cgroup;
  std::uint32_t ids[11];
  std::int32_t wait_status;
};
static_assert(sizeof(pidfd_info) == 64);
constexpr std::uint64_t info_exit = 8;
constexpr auto get_info = _IOWR(0xff, 11, pidfd_info);

// A year: longer waits only overflow what systems count in.
constexpr nanoseconds longest_wait = std::chrono::hours{24 * 365};

exit_status status_of(int word) noexcept {
  using kind = exit_status::kind;
  if (WIFEXITED(word)) {
    return {kind::exited, static_cast<std::uint32_t>(WEXITSTATUS(word))};
  }
  if (WIFSIGNALED(word)) {
    return {kind::killed, static_cast<std::uint32_t>(WTERMSIG(word))};
  }
  return {kind::unknown, 0};
}

exit_status how_ended(int fd, const process_identity& who) noexcept {
  // As long as nobody has waited for it, its pid is nobody else's.
  const auto stat = detail::read_proc_stat(who.pid);
  if (stat && stat->state == 'Z' && stat->started == who.started &&
      stat->is_ours) {
    return status_of(stat->wait_status);
  }
  pidfd_info info{};
  info.mask = info_exit;
  if (::ioctl(fd, get_info, &info) == 0 && (info.mask & info_exit) != 0) {
    return status_of(info.wait_status);
  }
  return {exit_status::kind::unknown, 0};
}

}  // namespace

process_watch::process_watch() = default;

process_watch::~process_watch() {
  for (const auto& w : all_)
    ::close(static_cast<int>(w.native));
}

bool process_watch::add(std::uint64_t key, const process_identity& who) {
  if (who.pid == 0 || who.started == 0) return false;
  const std::lock_guard hold{mutex_};
  all_.reserve(all_.size() + 1);
  const auto fd = ::syscall(pidfd_open_number, static_cast<pid_t>(who.pid), 0);
  if (fd < 0) return false;
  // Behind the open: the pidfd is of whom this tells of, or of one that was
  // started later, and then this does not tell of `who`.
  const auto stat = detail::read_proc_stat(who.pid);
  if (!stat || stat->started != who.started) {
    ::close(static_cast<int>(fd));
    return false;
  }
  all_.push_back({key, who, fd, false});
  changed_.set();
  return true;
}

void process_watch::remove(std::uint64_t key) noexcept {
  const std::lock_guard hold{mutex_};
  // Closed by who waits: it may be in its set.
  for (auto& w : all_) {
    if (w.key == key) w.removed = true;
  }
  changed_.set();
}

std::vector<process_end> process_watch::wait(nanoseconds at_most) {
  std::vector<pollfd> set{{static_cast<int>(changed_.native()), POLLIN, 0}};
  {
    const std::lock_guard hold{mutex_};
    std::erase_if(all_, [](const watched& w) {
      if (w.removed) ::close(static_cast<int>(w.native));
      return w.removed;
    });
    for (const auto& w : all_)
      set.push_back({static_cast<int>(w.native), POLLIN, 0});
  }
  const auto wanted = std::clamp(at_most, nanoseconds{0}, longest_wait);
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(wanted);
  const timespec time{static_cast<time_t>(whole.count()),
                      static_cast<long>((wanted - whole).count())};
  // A signal's interruption is as an early end.
  if (::ppoll(set.data(), set.size(), &time, nullptr) <= 0) return {};
  if (set.front().revents != 0) changed_.clear();
  std::vector<process_end> ended;
  const std::lock_guard hold{mutex_};
  for (auto& w : all_) {
    const auto at = std::find_if(set.begin() + 1, set.end(), [&](auto& p) {
      return p.fd == static_cast<int>(w.native) && p.revents != 0;
    });
    if (at == set.end() || w.removed) continue;
    w.removed = true;
    ended.push_back({w.key, how_ended(static_cast<int>(w.native), w.who)});
  }
  return ended;
}

}  // namespace commy::platform
