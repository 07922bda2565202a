// tests/support/forked.hpp: a process of the test's own, to be killed at will.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <support/eventually.hpp>

namespace commy::test {

/// A forked child that runs a function and tells its parent how far it is. Ends
/// with the object, with the test program, and never later.
class forked {
public:
  /// The child's side: one letter for each thing worth telling.
  class teller {
  public:
    explicit teller(int fd) : fd_{fd} {}
    void say(char what) const;

  private:
    int fd_;
  };

  /// The child leaves with the number that `act` returns; with 99, and a line
  /// on the error stream, when it throws.
  explicit forked(const std::function<int(const teller&)>& act);
  forked(forked&& other) noexcept;
  forked& operator=(forked&& other) noexcept;
  ~forked();

  /// The next letter; '\0' when the child ended or said nothing for a minute.
  [[nodiscard]] char next();
  void signal(int number) const;
  /// Waits until SIGSTOP has taken effect.
  void wait_stopped() const;
  /// SIGKILL, and waits until the kernel has let go of what it held.
  void kill();
  /// Waits for its end: the exit code, or minus the signal.
  int wait();
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

private:
  pid_t pid_ = -1;
  int fd_ = -1;
};

}  // namespace commy::test
