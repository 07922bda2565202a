#include <commy/platform/file_lock.hpp>
#include <commy/platform/posix/close_in_child.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

namespace commy::platform {
namespace {

/// A fresh one for each call: the kernel writes into it, and F_OFD_* refuses
/// the -1 it leaves in l_pid.
struct flock one_byte(std::uint64_t byte, short type) noexcept {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  return lock;
}

bool set_lock(std::intptr_t native, std::uint64_t byte, short type) noexcept {
  auto lock = one_byte(byte, type);
  return ::fcntl(static_cast<int>(native), F_OFD_SETLK, &lock) == 0;
}

}  // namespace

result<file_lock, file_error> file_lock::open(const std::string& path,
                                              access mode) {
  auto opened = file::open(path, mode);
  if (!opened) return unexpected{opened.error()};
  return take(std::move(*opened));
}

result<file_lock, file_error> file_lock::open(const file& of, access mode) {
  auto opened = file::reopen(of.native(), mode);
  if (!opened) return unexpected{opened.error()};
  return take(std::move(*opened));
}

file_lock file_lock::take(file opened) {
  // An inherited copy would keep the parent's locks alive beyond its death.
  file_lock lock;
  lock.native_ = std::exchange(opened.native_, -1);
  lock.fork_id_ = detail::close_in_child(static_cast<int>(lock.native_));
  return lock;
}

file_lock::file_lock(file_lock&& other) noexcept
    : native_{std::exchange(other.native_, -1)}, fork_id_{other.fork_id_} {}

file_lock& file_lock::operator=(file_lock&& other) noexcept {
  file_lock old{std::move(other)};
  std::swap(native_, old.native_);
  std::swap(fork_id_, old.fork_id_);
  return *this;
}

file_lock::~file_lock() {
  if (!is_open()) return;
  // First forget, then close: a fork in between must not close a number that
  // belongs to somebody else by then.
  forget_fork_callback(fork_id_);
  ::close(static_cast<int>(native_));
}

bool file_lock::try_lock(std::uint64_t byte, lock_mode mode) noexcept {
  return set_lock(native_, byte,
                  mode == lock_mode::exclusive ? F_WRLCK : F_RDLCK);
}

bool file_lock::lock_for(std::uint64_t byte, lock_mode mode,
                         std::uint32_t deadline_ms) noexcept {
  using clock = std::chrono::steady_clock;
  using namespace std::chrono_literals;
  const auto deadline = clock::now() + std::chrono::milliseconds{deadline_ms};
  std::chrono::nanoseconds pause = 50us;
  // The kernel's own wait (F_OFD_SETLKW) knows no deadline.
  for (;;) {
    if (try_lock(byte, mode)) return true;
    const std::chrono::nanoseconds left = deadline - clock::now();
    if (left <= 0ns) return false;
    const timespec nap{0, std::min(pause, left).count()};
    ::nanosleep(&nap, nullptr);
    // Short also for who has waited long: a lock that is never free for longer
    // goes to who asks more often, and that must not be the newcomer.
    pause = std::min<std::chrono::nanoseconds>(2 * pause, 400us);
  }
}

void file_lock::unlock(std::uint64_t byte) noexcept {
  set_lock(native_, byte, F_UNLCK);
}

bool file_lock::held_by_another(std::uint64_t byte) const noexcept {
  auto lock = one_byte(byte, F_WRLCK);
  const int error = ::fcntl(static_cast<int>(native_), F_OFD_GETLK, &lock);
  return error != 0 || lock.l_type != F_UNLCK;
}

}  // namespace commy::platform
