// commy/platform/termination.hpp: the wish to end, as something to wait for.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace commy::platform {

/// Catches SIGINT and SIGTERM (Windows: Ctrl-C, Ctrl-Break, closing the
/// console, logging off, `child_process::terminate`) while it lives, in place
/// of their deadly default. One wish is enough and it stays: more change
/// nothing. What was set before is put back at the end. Threads: any.
class termination_watch {
public:
  /// With `on_request`, that is called once, in a thread of its own, when the
  /// wish comes; it must not throw, nor destroy this object. Requires: no other
  /// `termination_watch` lives in this process.
  explicit termination_watch(std::function<void()> on_request = {});
  termination_watch(const termination_watch&) = delete;
  termination_watch& operator=(const termination_watch&) = delete;
  ~termination_watch();

  [[nodiscard]] bool requested() const noexcept;
  /// True once the wish has come; false after `at_most`.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds at_most) const;
  /// Acts as if the system had sent the wish, for example when the parent is
  /// gone.
  void request() noexcept;

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// A write to a socket or pipe nobody reads becomes an error instead of the
/// death of the process (SIGPIPE; nothing to do on Windows). For programs: a
/// library must not decide this for who embeds it. Children start without it.
void ignore_broken_pipes() noexcept;

}  // namespace commy::platform
