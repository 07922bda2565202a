// commy/platform/lifeline.hpp: how a child learns that its parent is gone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace commy::platform {

/// The child's side of `spawn_options::lifeline`: the reading end of a pipe
/// that reaches its end when the parent does, however it ends. (Asking for
/// the parent's pid races with its reuse, and PR_SET_PDEATHSIG fires when the
/// *thread* that spawned ends.) Threads: one at a time.
class parent_lifeline {
public:
  /// Takes over what the parent gave; nothing when this process was not started
  /// with a lifeline. Removes COMMY_LIFELINE from the environment, so call it
  /// once, before other threads run.
  static std::optional<parent_lifeline> from_environment();

  parent_lifeline(parent_lifeline&& other) noexcept;
  parent_lifeline& operator=(parent_lifeline&& other) noexcept;
  /// Ends the thread of `watch`, if any, and waits for it.
  ~parent_lifeline();

  /// True once the parent is gone; false after `at_most`. Not beside `watch`.
  [[nodiscard]] bool wait_for_loss(std::chrono::milliseconds at_most);

  /// Calls `on_loss` once, in a thread of its own, when the parent is gone; it
  /// must not throw, nor destroy this object. Requires: not watching yet.
  void watch(std::function<void()> on_loss);

private:
  struct state;
  explicit parent_lifeline(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace commy::platform
