// tests/benchmark/ipc/other_process.hpp: processes that measure and are
// measured, each on a core of its own.
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <concepts>
#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <type_traits>

namespace commy::benchmark {

/// Asks for one core; a machine that has fewer keeps what it has.
inline void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  static_cast<void>(::sched_setaffinity(0, sizeof set, &set));
}

/// Memory that forked children share; given back with the object.
template <class T>
class shared_object {
public:
  shared_object()
      : at_{::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)} {
    if (at_ == MAP_FAILED) throw std::runtime_error{"mmap failed"};
    object_ = new (at_) T{};
  }
  shared_object(const shared_object&) = delete;
  shared_object& operator=(const shared_object&) = delete;
  ~shared_object() { ::munmap(at_, sizeof(T)); }
  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }

private:
  void* at_;
  T* object_;
};

/// A forked process on the second core that runs `work()` until it returns or
/// is killed, at the latest at the end of this object.
class other_process {
public:
  template <std::invocable Work>
  explicit other_process(Work&& work) : pid_{::fork()} {
    if (pid_ < 0) throw std::runtime_error{"fork failed"};
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin_to(1);
    try {
      work();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "the other process: %s\n", e.what());
    }
    ::_exit(0);
  }
  other_process(const other_process&) = delete;
  other_process& operator=(const other_process&) = delete;
  ~other_process() { end(); }

  /// Kills it with SIGKILL and returns when it is gone.
  void end() noexcept {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

private:
  pid_t pid_;
};

/// Runs `work()` in a forked process on the first core and returns what it
/// returned; nothing when it failed, or took longer than two minutes. So a peer
/// that aborts, or that can be set up once in a process only, stays alone.
template <class Work>
auto on_first_core(Work&& work) -> std::optional<std::invoke_result_t<Work&>> {
  using answer = std::invoke_result_t<Work&>;
  static_assert(std::is_trivially_copyable_v<answer>);
  struct both {
    answer value{};
    bool done = false;
  };
  const shared_object<both> out;
  std::fflush(nullptr);
  const auto pid = ::fork();
  if (pid < 0) throw std::runtime_error{"fork failed"};
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(120);
    pin_to(0);
    try {
      out->value = work();
      out->done = true;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (out->done) return out->value;
  if (WIFSIGNALED(status)) {
    std::fprintf(stderr, "a measuring process ended by signal %d\n",
                 WTERMSIG(status));
  }
  return std::nullopt;
}

}  // namespace commy::benchmark
