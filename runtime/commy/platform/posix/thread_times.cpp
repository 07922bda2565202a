#include <commy/platform/thread_times.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>

namespace commy::platform {

// "ran waited slices", in ns.
std::optional<thread_times> times_of_this_thread() noexcept {
  const int fd = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::array<char, 96> text;
  const auto got = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (got <= 0) return std::nullopt;
  const auto* const end = text.data() + got;
  std::int64_t ran = 0;
  std::int64_t waited = 0;
  const auto first = std::from_chars(text.data(), end, ran);
  if (first.ec != std::errc{} || first.ptr == end) return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, waited);
  if (second.ec != std::errc{} || second.ptr == end) return std::nullopt;
  std::uint64_t slices = 0;
  const auto third = std::from_chars(second.ptr + 1, end, slices);
  if (third.ec != std::errc{}) return std::nullopt;
  return thread_times{std::chrono::nanoseconds{ran},
                      std::chrono::nanoseconds{waited}, slices};
}

}  // namespace commy::platform
