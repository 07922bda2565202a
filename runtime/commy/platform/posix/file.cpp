#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/file.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

namespace commy::platform {
namespace {

using detail::place;
using detail::system_failure;

constexpr auto largest_offset =
    static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

/// Keeps signals from interrupting one slow call half way; SIGKILL still ends
/// the process.
class signals_held {
public:
  signals_held() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  signals_held(const signals_held&) = delete;
  signals_held& operator=(const signals_held&) = delete;
  ~signals_held() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
  sigset_t before_{};
};

int descriptor(const file& f) noexcept { return static_cast<int>(f.native()); }

bool range_fits(std::uint64_t offset, std::uint64_t bytes) noexcept {
  return offset <= largest_offset && bytes <= largest_offset - offset;
}

}  // namespace

result<file, file_error> file::open(const std::string& path, access mode) {
  // O_NONBLOCK: opening a FIFO somebody left in our place must not wait; it
  // means nothing for a regular file.
  const int flags = (mode == access::read_only ? O_RDONLY : O_RDWR) |
                    O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const int fd = ::open(path.c_str(), flags);
  if (fd < 0) return system_failure(path, errno);
  file opened{fd};
  struct stat about{};
  if (::fstat(fd, &about) != 0) return system_failure(path, errno);
  if (!S_ISREG(about.st_mode)) {
    return unexpected{file_error::not_regular, place(path, "no regular file")};
  }
  return opened;
}

result<file, file_error> file::create(const std::string& path) {
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  const int fd = ::open(path.c_str(), flags, S_IRUSR | S_IWUSR);
  if (fd < 0) return system_failure(path, errno);
  return file{fd};
}

result<file, file_error> file::create_anonymous(const std::string& label) {
  // Nothing in it is ever executed, which Linux 6.3 wants to be told. Older
  // kernels do not know the flag.
  constexpr unsigned noexec_seal = 8;
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create(label.c_str(), flags | noexec_seal);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(label.c_str(), flags);
  if (fd < 0) return system_failure(label, errno);
  return file{fd};
}

result<file, file_error> file::reopen(std::intptr_t native, access mode) {
  const auto path = "/proc/self/fd/" + std::to_string(native);
  struct stat about{};
  // Before it is opened: opening a device may do something.
  if (::fstat(static_cast<int>(native), &about) != 0) {
    return system_failure(path, errno);
  }
  if (!S_ISREG(about.st_mode)) {
    return unexpected{file_error::not_regular, place(path, "no regular file")};
  }
  const int fd =
      ::open(path.c_str(),
             (mode == access::read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (fd < 0) return system_failure(path, errno);
  return file{fd};
}

file::file(file&& other) noexcept : native_{std::exchange(other.native_, -1)} {}

file& file::operator=(file&& other) noexcept {
  file old{std::exchange(native_, std::exchange(other.native_, -1))};
  return *this;
}

file::~file() {
  if (is_open()) ::close(static_cast<int>(native_));
}

bool file::is_open() const noexcept { return native_ != -1; }

result<std::uint64_t, file_error> file::size() const {
  struct stat about{};
  if (::fstat(descriptor(*this), &about) != 0) {
    return system_failure("size", errno);
  }
  return static_cast<std::uint64_t>(about.st_size);
}

result<void, file_error> file::allocate(std::uint64_t bytes) {
  const auto before = size();
  if (!before) return unexpected{before.error()};
  if (bytes <= *before) return {};
  if (!range_fits(0, bytes)) {
    return unexpected{file_error::no_space, "allocate: beyond any file's size"};
  }
  // Only the new part: what the file covers already was allocated here too,
  // and asking tmpfs again costs time per page. With signals held there is no
  // EINTR, which on a busy timer would come again at each retry.
  const signals_held quiet;
  const int error =
      ::posix_fallocate(descriptor(*this), static_cast<off_t>(*before),
                        static_cast<off_t>(bytes - *before));
  if (error != 0) return system_failure("allocate", error);
  return {};
}

result<void, file_error> file::cut(std::uint64_t bytes) {
  const auto before = size();
  if (!before) return unexpected{before.error()};
  if (bytes >= *before) return {};
  if (::ftruncate(descriptor(*this), static_cast<off_t>(bytes)) != 0) {
    return system_failure("cut", errno);
  }
  return {};
}

result<void, file_error> file::read_at(std::uint64_t offset,
                                       std::span<std::byte> into) const {
  if (!range_fits(offset, into.size())) {
    return unexpected{file_error::io, "read: beyond any file's size"};
  }
  while (!into.empty()) {
    const auto got = ::pread(descriptor(*this), into.data(), into.size(),
                             static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", errno);
    if (got == 0) {
      return unexpected{file_error::io, "read: the file ends before the range"};
    }
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

result<void, file_error> file::write_at(std::uint64_t offset,
                                        std::span<const std::byte> from) {
  if (!range_fits(offset, from.size())) {
    return unexpected{file_error::io, "write: beyond any file's size"};
  }
  while (!from.empty()) {
    const auto put = ::pwrite(descriptor(*this), from.data(), from.size(),
                              static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_failure("write", errno);
    from = from.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

result<void, file_error> file::sync() {
  if (::fdatasync(descriptor(*this)) != 0) return system_failure("sync", errno);
  return {};
}

result<void, file_error> file::forbid_shrinking() {
  // And nobody may add seals: one against growth would end the segment's.
  if (::fcntl(descriptor(*this), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) !=
      0) {
    return system_failure("seal", errno);
  }
  return {};
}

bool file::cannot_shrink() const noexcept {
  const int seals = ::fcntl(descriptor(*this), F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

}  // namespace commy::platform
