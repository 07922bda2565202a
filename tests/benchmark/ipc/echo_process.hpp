// tests/benchmark/ipc/echo_process.hpp: the other side of a ping-pong.
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace commy::benchmark {

/// Asks for one core; a machine that has fewer keeps what it has.
inline void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  static_cast<void>(::sched_setaffinity(0, sizeof set, &set));
}

/// A forked process on the second core that runs `echo()` until it is killed,
/// which happens at the end of this object. The parent moves to the first core.
class echo_process {
public:
  template <class Echo>
  explicit echo_process(Echo&& echo) : pid_{::fork()} {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      pin_to(1);
      echo();
      ::_exit(0);
    }
    pin_to(0);
  }
  echo_process(const echo_process&) = delete;
  echo_process& operator=(const echo_process&) = delete;
  ~echo_process() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    cpu_set_t all;
    CPU_ZERO(&all);
    for (int core = 0; core < CPU_SETSIZE; ++core)
      CPU_SET(core, &all);
    static_cast<void>(::sched_setaffinity(0, sizeof all, &all));
  }

private:
  pid_t pid_;
};

}  // namespace commy::benchmark
