#include <commy/platform/event_flag.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace commy::platform {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// A year: longer waits only overflow what systems count in.
constexpr nanoseconds longest_wait = std::chrono::hours{24 * 365};

int fd_of(native_event native) noexcept { return static_cast<int>(native); }

}  // namespace

event_flag::event_flag() : native_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (native_ < 0) {
    throw std::system_error{errno, std::generic_category(), "eventfd"};
  }
}

event_flag::~event_flag() { ::close(fd_of(native_)); }

void event_flag::set() noexcept {
  // Fails only when the count is full: then it is set already.
  static_cast<void>(::eventfd_write(fd_of(native_), 1));
}

void event_flag::clear() noexcept {
  eventfd_t count = 0;
  static_cast<void>(::eventfd_read(fd_of(native_), &count));
}

bool event_flag::wait_for(nanoseconds at_most) noexcept {
  const auto begun = std::chrono::steady_clock::now();
  const auto wanted = std::clamp(at_most, nanoseconds{0}, longest_wait);
  for (;;) {
    const auto left = std::max(
        nanoseconds{0},
        wanted - nanoseconds{std::chrono::steady_clock::now() - begun});
    const auto whole = duration_cast<seconds>(left);
    const timespec time{static_cast<time_t>(whole.count()),
                        static_cast<long>((left - whole).count())};
    pollfd waiting{fd_of(native_), POLLIN, 0};
    const int ready = ::ppoll(&waiting, 1, &time, nullptr);
    if (ready > 0) return true;
    if (ready == 0) return false;
    // Interrupted by a signal: on with what is left.
  }
}

}  // namespace commy::platform
