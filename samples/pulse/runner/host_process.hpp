// samples/pulse/runner/host_process.hpp: the commy program, run by `pulse`.
#pragma once

#include <commy/platform/process.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pulse {

struct host_options {
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  /// Called with each line that the host or one of its processes writes, in a
  /// thread of this object. Must not throw.
  std::function<void(std::string_view)> on_line;
};

/// A host in a process of its own. It ends with this object, and, by its
/// lifeline, with this process. Threads: one at a time.
class host_process {
public:
  static commy::result<host_process, commy::platform::spawn_error> start(
      host_options options);

  host_process(host_process&&) noexcept;
  host_process& operator=(host_process&&) = delete;
  /// Kills it when `stop` was not called.
  ~host_process();

  [[nodiscard]] std::uint32_t pid() const noexcept;
  /// How it ended; nothing when it still runs after `at_most`.
  std::optional<commy::platform::exit_status> wait_for(
      std::chrono::milliseconds at_most);
  /// Asks it to end and waits; kills it after `at_most`.
  commy::platform::exit_status stop(std::chrono::milliseconds at_most);

private:
  struct state;
  explicit host_process(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace pulse
