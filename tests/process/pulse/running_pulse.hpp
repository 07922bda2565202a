// running_pulse.hpp: the whole sample, as a user starts it.
#pragma once

#include "pulse_child.hpp"
#include "support/test_folder.hpp"
#include <commy/memory/segment.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

/// The program `pulse` with its host and processes, its segments in a folder of
/// the test's own. What runs at the end is ended. Threads: one.
class running_pulse {
public:
  /// On any free port, unless it is the first of the arguments.
  running_pulse(
      const std::string& folder, std::vector<std::string> arguments,
      std::vector<std::pair<std::string, std::string>> environment = {});

  /// All that was printed so far.
  [[nodiscard]] const std::string& output() const noexcept { return output_; }
  /// Waits until `text` was printed as often as that, for as long as a healthy
  /// program may take.
  [[nodiscard]] bool says(std::string_view text, int times = 1);
  /// Waits for the end; all output is there then. 999: it did not come.
  [[nodiscard]] int wait_for_exit();

  /// The pid of the living participant of that name ("host", "sampler").
  /// Waits for one that is not `other_than`.
  [[nodiscard]] std::uint32_t pid_of(std::string_view name,
                                     std::uint32_t other_than = 0);
  [[nodiscard]] commy::platform::child_process& process() noexcept {
    return process_;
  }
  /// Attaches to the segment. To be closed before the host can remove it.
  [[nodiscard]] commy::segment attach() const;

private:
  bool read_more(std::chrono::milliseconds at_most);

  std::string folder_;
  commy::platform::pipe_reader pipe_;
  std::string output_;
  commy::platform::child_process process_;
};

/// Does a process of that pid run? (One that nobody has waited for does not.)
[[nodiscard]] bool is_running(std::uint32_t pid);
/// Paths of all that is in a folder.
[[nodiscard]] std::vector<std::string> files_in(const std::string& folder);
