#include "witness_pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>

using namespace std::chrono;

witness_pipe::witness_pipe(std::string path) : path_{std::move(path)} {
  // Open for both: then it never ends, whoever writes and dies.
  if (::mkfifo(path_.c_str(), 0600) == 0) {
    pipe_ = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  if (pipe_ < 0) {
    throw std::runtime_error{"no pipe at " + path_};
  }
}

witness_pipe::~witness_pipe() {
  ::close(pipe_);
  ::unlink(path_.c_str());
}

std::optional<std::uint64_t> witness_pipe::next(milliseconds at_most) {
  const auto deadline = steady_clock::now() + at_most;
  for (;;) {
    if (const auto end = text_.find('\n'); end != text_.npos) {
      const auto line = text_.substr(0, end);
      text_.erase(0, end + 1);
      // A line is whole: the kernel writes so little in one piece.
      if (!line.starts_with("sample ")) throw std::runtime_error{line};
      return std::stoull(line.substr(7));
    }
    const auto left =
        duration_cast<milliseconds>(deadline - steady_clock::now());
    pollfd ready{pipe_, POLLIN, 0};
    if (left.count() < 0 ||
        ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
      return std::nullopt;
    }
    std::array<char, 4096> part;
    const auto got = ::read(pipe_, part.data(), part.size());
    if (got > 0) text_.append(part.data(), static_cast<std::size_t>(got));
  }
}

std::vector<std::uint64_t> witness_pipe::rest() {
  std::vector<std::uint64_t> numbers;
  while (const auto number = next(milliseconds{0}))
    numbers.push_back(*number);
  return numbers;
}
