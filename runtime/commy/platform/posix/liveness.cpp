#include <commy/platform/file.hpp>
#include <commy/platform/liveness.hpp>
#include <commy/platform/posix/proc_stat.hpp>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace commy::platform {
namespace {

// Beyond the byte of every slot, whose numbers have 32 bits.
constexpr std::uint64_t growth_byte = std::uint64_t{1} << 32U;

/// What /proc has to say, at most `Size` bytes; empty when it says nothing.
template <std::size_t Size>
std::string_view read_proc(const char* path, std::array<char, Size>& into) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const auto got = ::read(fd, into.data(), into.size());
  ::close(fd);
  return {into.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
}

/// Claims need the right to write, probes do not.
template <class File>
result<file_lock, file_error> lock_of(const File& control) {
  auto lock = file_lock::open(control, access::read_write);
  if (!lock && lock.error() == file_error::no_permission) {
    lock = file_lock::open(control, access::read_only);
  }
  return lock;
}

}  // namespace

process_identity this_process() noexcept {
  const auto stat = detail::read_proc_stat(0);
  return {static_cast<std::uint32_t>(::getpid()), stat ? stat->started : 0};
}

result<liveness, file_error> liveness::open(const std::string& control_path) {
  auto lock = lock_of(control_path);
  if (!lock) return unexpected{lock.error()};
  liveness made;
  made.lock_ = std::move(*lock);
  return made;
}

result<liveness, file_error> liveness::open(const file& control) {
  auto lock = lock_of(control);
  if (!lock) return unexpected{lock.error()};
  liveness made;
  made.lock_ = std::move(*lock);
  return made;
}

bool liveness::try_claim(std::uint32_t slot) noexcept {
  return lock_.try_lock(slot, lock_mode::exclusive);
}

void liveness::release(std::uint32_t slot) noexcept { lock_.unlock(slot); }

bool liveness::is_alive(std::uint32_t slot,
                        process_identity /*who*/) const noexcept {
  return lock_.held_by_another(slot);
}

bool liveness::lock_growth(std::uint32_t deadline_ms) noexcept {
  return lock_.lock_for(growth_byte, lock_mode::exclusive, deadline_ms);
}

void liveness::unlock_growth() noexcept { lock_.unlock(growth_byte); }

std::array<std::uint64_t, 2> boot_id() noexcept {
  std::array<char, 64> text;
  std::array<std::uint64_t, 2> id{};
  int digits = 0;
  for (const char c : read_proc("/proc/sys/kernel/random/boot_id", text)) {
    unsigned digit = 0;
    const auto [end, error] = std::from_chars(&c, &c + 1, digit, 16);
    if (error != std::errc{}) continue;  // A dash or the end of line.
    if (digits == 32) break;
    auto& half = id[digits < 16 ? 0 : 1];
    half = half << 4U | digit;
    ++digits;
  }
  return id;
}

std::uint64_t random_u64() noexcept {
  std::uint64_t bits = 0;
  for (;;) {
    // Up to 256 bytes come whole or not at all.
    const auto got = ::getrandom(&bits, sizeof bits, 0);
    if (got == static_cast<ssize_t>(sizeof bits)) return bits;
    if (got < 0 && errno != EINTR) std::abort();
  }
}

}  // namespace commy::platform
