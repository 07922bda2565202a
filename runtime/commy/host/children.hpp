// commy/host/children.hpp: the child processes of a host, kept running.
#pragma once

#include <commy/base/result.hpp>
#include <commy/host/event_channel.hpp>
#include <commy/host/manifest.hpp>
#include <commy/host/messages/process_event.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace commy::host {

enum class child_error : std::uint8_t {
  not_started,  // The program could not be run; the detail says why.
};
std::string_view describe(child_error error) noexcept;

/// What is known of one child process.
struct child_state {
  std::string name;
  std::uint32_t pid = 0;  // Zero while it does not run.
  std::uint32_t restarts = 0;
  bool gave_up = false;  // It ended too often and stays down.
};

/// Starts processes and starts them again when they end, each on its own
/// (one_for_one), as their entries say. Each is watched by a thread that sleeps
/// until the system reports the process's end. All have a lifeline, so that
/// they learn of this process's death. Threads: `start_one` and `stop` are for
/// one at a time; `states` for any.
class children {
public:
  /// Changes are published to `events`, which must outlive this object.
  explicit children(event_channel<process_event>& events);
  children(const children&) = delete;
  children& operator=(const children&) = delete;
  /// Stops what still runs.
  ~children();

  /// Starts `program` (a path) with `added` set over the entry's environment.
  /// A program that cannot be run the first time is an error; later it counts
  /// as one that ended at once. Requires: `stop` has not been called.
  result<void, child_error> start_one(
      const process_entry& entry, const std::string& program,
      const std::vector<std::pair<std::string, std::string>>& added);

  /// Asks all to end at once, waits for each as long as its entry allows, kills
  /// those that are late and returns their names. No process is left.
  std::vector<std::string> stop();

  [[nodiscard]] std::vector<child_state> states() const;

private:
  class keeper;
  event_channel<process_event>& events_;
  // Held for a change of the list, so that `states` may be called beside.
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<keeper>> keepers_;
};

}  // namespace commy::host
