// tests/unit/platform/posix_fork.hpp: a forked child that does one thing.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

/// Forks; the child runs `act` and leaves with the number it returns, without
/// running any destructor of its own.
template <class Act>
pid_t fork_child(Act act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  return child;
}

/// The exit code of a forked child, or minus the signal that ended it.
inline int result_of(pid_t child) {
  int word = 0;
  if (::waitpid(child, &word, 0) != child) return -1000;
  return WIFEXITED(word) ? WEXITSTATUS(word) : -WTERMSIG(word);
}

/// What `act` returns when a forked child runs it.
template <class Act>
int in_forked_child(Act act) {
  return result_of(fork_child(act));
}

inline constexpr uid_t nobody = 65'534;

/// Runs `act` as another user; -2 when this user cannot become one.
template <class Act>
int as_nobody(Act act) {
  if (::geteuid() != 0) return -2;
  return in_forked_child([&] { return ::setuid(nobody) == 0 ? act() : -2; });
}

inline void kill_and_wait(pid_t child) {
  ::kill(child, SIGKILL);
  result_of(child);
}
