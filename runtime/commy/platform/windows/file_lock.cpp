#include <commy/platform/file_lock.hpp>
#include <commy/platform/windows/handle.hpp>

#include <windows.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>

namespace commy::platform {
namespace {

// Windows' locks stop reads and writes of the bytes under them: ours lie where
// no byte ever is.
constexpr std::uint64_t first_byte = std::uint64_t{1} << 62U;

/// A handle of its own (I/O on a handle whose lock is waited for would hang),
/// and what it holds: Windows neither changes a lock's mode nor tells a handle
/// about its own locks. At most one entry for each byte a caller locks.
struct state {
  detail::unique_handle handle;
  std::mutex mutex;
  std::map<std::uint64_t, lock_mode> held;

  bool lock(std::uint64_t byte, lock_mode mode, bool wait) noexcept {
    auto where = position(byte);
    const DWORD flags =
        (mode == lock_mode::exclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0U) |
        (wait ? 0U : LOCKFILE_FAIL_IMMEDIATELY);
    return ::LockFileEx(handle.get(), flags, 0, 1, 0, &where) != 0;
  }
  void unlock(std::uint64_t byte) noexcept {
    auto where = position(byte);
    ::UnlockFileEx(handle.get(), 0, 1, 0, &where);
  }

private:
  static OVERLAPPED position(std::uint64_t byte) noexcept {
    OVERLAPPED where{};
    where.Offset = static_cast<DWORD>(byte);
    where.OffsetHigh = static_cast<DWORD>((first_byte + byte) >> 32U);
    return where;
  }
};

state& of(std::intptr_t native) noexcept {
  return *reinterpret_cast<state*>(native);
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
  auto made = std::make_unique<state>();
  made->handle = detail::unique_handle{
      detail::to_handle(std::exchange(opened.native_, -1))};
  file_lock lock;
  lock.native_ = reinterpret_cast<std::intptr_t>(made.release());
  return lock;
}

file_lock::file_lock(file_lock&& other) noexcept
    : native_{std::exchange(other.native_, -1)} {}

file_lock& file_lock::operator=(file_lock&& other) noexcept {
  file_lock old{std::move(other)};
  std::swap(native_, old.native_);
  return *this;
}

file_lock::~file_lock() {
  if (!is_open()) return;
  auto& own = of(native_);
  // Closing would drop them too, but at a time of the system's choice.
  for (const auto& [byte, mode] : own.held)
    own.unlock(byte);
  delete &own;
}

bool file_lock::try_lock(std::uint64_t byte, lock_mode mode) noexcept {
  auto& own = of(native_);
  const std::scoped_lock guard{own.mutex};
  const auto before = own.held.find(byte);
  if (before == own.held.end()) {
    if (!own.lock(byte, mode, false)) return false;
    own.held.emplace(byte, mode);
    return true;
  }
  if (before->second == mode) return true;
  own.unlock(byte);
  if (own.lock(byte, mode, false)) {
    before->second = mode;
    return true;
  }
  // What was held must be held again. Somebody may have come in between: he
  // is either about to find others in his way too, or soon done.
  own.lock(byte, before->second, true);
  return false;
}

bool file_lock::lock_for(std::uint64_t byte, lock_mode mode,
                         std::uint32_t deadline_ms) noexcept {
  const auto end = ::GetTickCount64() + deadline_ms;
  for (DWORD pause = 1;; pause = std::min<DWORD>(2 * pause, 5)) {
    if (try_lock(byte, mode)) return true;
    if (::GetTickCount64() >= end) return false;
    ::Sleep(pause);
  }
}

void file_lock::unlock(std::uint64_t byte) noexcept {
  auto& own = of(native_);
  const std::scoped_lock guard{own.mutex};
  if (own.held.erase(byte) == 1) own.unlock(byte);
}

bool file_lock::held_by_another(std::uint64_t byte) const noexcept {
  auto& own = of(native_);
  std::unique_lock guard{own.mutex};
  const auto before = own.held.find(byte);
  if (before == own.held.end()) {
    if (!own.lock(byte, lock_mode::exclusive, false)) return true;
    own.unlock(byte);
    return false;
  }
  if (before->second == lock_mode::exclusive) return false;
  guard.unlock();
  auto& self = const_cast<file_lock&>(*this);
  if (!self.try_lock(byte, lock_mode::exclusive)) return true;
  return !self.try_lock(byte, lock_mode::shared);
}

}  // namespace commy::platform
