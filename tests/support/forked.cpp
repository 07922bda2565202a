#include "forked.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace commy::test {
namespace {

constexpr int minute_ms = 60'000;

[[noreturn]] void live(const std::function<int(const forked::teller&)>& act,
                       int fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The test framework's handlers would report the parent's test.
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTERM}) {
    ::signal(signal, SIG_DFL);
  }
  ::signal(SIGPIPE, SIG_IGN);
  int code = 99;
  try {
    code = act(forked::teller{fd});
  } catch (const std::exception& what) {
    std::cerr << "a forked child failed: " << what.what() << '\n';
  }
  ::_exit(code);
}

}  // namespace

void forked::teller::say(char what) const {
  if (::write(fd_, &what, 1) != 1) ::_exit(98);
}

forked::forked(const std::function<int(const teller&)>& act) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error{"fork is refused"};
  if (pid_ == 0) {
    ::close(ends[0]);
    live(act, ends[1]);
  }
  ::close(ends[1]);
  fd_ = ends[0];
}

forked::forked(forked&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)}, fd_{std::exchange(other.fd_, -1)} {}

forked& forked::operator=(forked&& other) noexcept {
  forked old{std::move(*this)};
  pid_ = std::exchange(other.pid_, -1);
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

forked::~forked() {
  kill();
  if (fd_ >= 0) ::close(fd_);
}

char forked::next() {
  pollfd one{fd_, POLLIN, 0};
  char letter = 0;
  if (::poll(&one, 1, minute_ms) != 1 || ::read(fd_, &letter, 1) != 1) {
    return '\0';
  }
  return letter;
}

void forked::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void forked::wait_stopped() const {
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}

void forked::kill() {
  signal(SIGKILL);
  wait();
}

int forked::wait() {
  if (pid_ <= 0) return 0;
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace commy::test
