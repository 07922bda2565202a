// commy/platform/process.hpp: child processes, started and never lost.
#pragma once

#include <commy/platform/pipe.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace commy::platform {

enum class spawn_error {
  bad_argument,    // A zero byte in a text, or a variable's name with `=`.
  not_found,       // No such program, or no such interpreter.
  no_permission,   // Not executable for this user.
  not_executable,  // The file is no program of this machine.
  limit,           // No process, memory or descriptor left.
  io,              // Anything else; the detail quotes the system.
};
std::string_view describe(spawn_error error) noexcept;

/// How a child ended.
struct exit_status {
  enum class kind {
    exited,   // By itself; `code` is what it returned.
    killed,   // `code` is the signal's number, or the NTSTATUS on Windows.
    unknown,  // Somebody else in this process waited for it first.
  };
  kind how = kind::exited;
  std::uint32_t code = 0;

  /// "exited with code 3", "killed by signal 9 (Killed)".
  [[nodiscard]] std::string text() const;
  friend bool operator==(const exit_status&, const exit_status&) = default;
};

struct spawn_options {
  /// A path; without any slash it is looked up in PATH.
  std::string program;
  /// Without the program's own name.
  std::vector<std::string> arguments;
  /// Set in the child, over what it inherits from this process.
  std::vector<std::pair<std::string, std::string>> environment;
  /// Gives the child the reading end of a pipe whose other end only this
  /// process holds, so that it learns of our death: see `parent_lifeline`.
  bool lifeline = true;
  /// Pipe ends (`native()`) the child gets, each announced by an environment
  /// variable of its own: see `pipe_reader::from_environment`. Everything else
  /// stays closed to it, except the three standard streams.
  std::vector<std::pair<std::string, std::intptr_t>> inherit;
  /// Where the child's standard output and error go, when not where ours go.
  const pipe_writer* output = nullptr;
  const pipe_writer* error_output = nullptr;
};

/// A child program. The destructor kills what still runs and waits for its end,
/// so no zombie stays behind. The child leads a process group of its own: a
/// Ctrl-C at the terminal reaches its parent alone, which then stops it in
/// order. Threads: one at a time, but any other member may be called beside
/// `await_end`.
class child_process {
public:
  /// Starts a program with no signal blocked and none ignored that this
  /// process ignores for its own sake. The failure's text names the program.
  static result<child_process, spawn_error> spawn(const spawn_options& options);

  child_process() noexcept = default;
  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&& other) noexcept;
  ~child_process();

  /// The system's number of the child; another may have it after its end.
  [[nodiscard]] std::uint32_t pid() const noexcept { return pid_; }
  /// True from `spawn` until its end was seen by `try_wait` or `wait_for`.
  [[nodiscard]] bool is_running() const noexcept {
    return pid_ != 0 && !status_;
  }

  /// How it ended, if it has. Repeats its answer. Requires: was spawned.
  [[nodiscard]] std::optional<exit_status> try_wait() noexcept;
  /// Waits for the end; nothing when it still runs after `at_most`.
  [[nodiscard]] std::optional<exit_status> wait_for(
      std::chrono::milliseconds at_most) noexcept;

  /// Waits for the end, however long it takes, and takes no note of it: that is
  /// left to `try_wait`, which then knows. Does not touch this object's state.
  /// Requires: was spawned, and its end has not been seen.
  void await_end() const noexcept;

  /// Asks it to end: SIGTERM, or on Windows the event that
  /// `termination_watch` waits for and a CTRL_BREAK. No-op after the end.
  void terminate() noexcept;
  /// Ends it without asking. Its end is still to be waited for.
  void kill() noexcept;

private:
  std::uint32_t pid_ = 0;
  // Linux: the pidfd, or -1 on kernels without. Windows: the process's HANDLE.
  std::intptr_t native_ = -1;
  // Windows: the event of `terminate`.
  std::intptr_t stop_event_ = -1;
  std::optional<exit_status> status_;
  pipe_writer lifeline_;
  int fork_id_ = 0;  // Of the callback that closes the lifeline in a fork.
  std::uint32_t generation_ = 0;  // The process that spawned it.
};

/// The path of this program; empty when the system does not say.
std::string executable_path();

}  // namespace commy::platform
