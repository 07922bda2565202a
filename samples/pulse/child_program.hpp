// samples/pulse/child_program.hpp: how a program of a host lives and ends.
#pragma once

#include <commy/platform/lifeline.hpp>
#include <commy/platform/termination.hpp>

#include <chrono>
#include <optional>

namespace pulse {

/// Exit codes of the programs of this sample; like those of `commy`.
enum exit_code : int {
  ended = 0,         // As it was asked to.
  usage = 2,         // Its arguments are wrong.
  cannot_start = 4,  // No segment, no object, or nothing to measure.
  stop_late = 5,     // A part had to be killed, or something was left behind.
  cannot_go_on = 6,  // What it worked with is gone or damaged.
};

/// A program that a host starts and keeps running: it ends when it is asked to
/// (SIGTERM), and when the host is gone, so that none is left behind. Make one
/// before any other thread runs. Threads: any.
class child_program {
public:
  child_program()
      : host_{commy::platform::parent_lifeline::from_environment()} {
    if (host_) {
      host_->watch([this] { end_.request(); });
    }
  }

  [[nodiscard]] bool should_end() const noexcept { return end_.requested(); }

  /// True at `moment`; false as soon as the program should end.
  [[nodiscard]] bool sleep_until(
      std::chrono::steady_clock::time_point moment) const {
    using namespace std::chrono;
    for (auto now = steady_clock::now(); now < moment;
         now = steady_clock::now()) {
      if (end_.wait_for(ceil<milliseconds>(moment - now))) return false;
    }
    return !should_end();
  }

private:
  commy::platform::termination_watch end_;
  // Last: its thread uses the member above.
  std::optional<commy::platform::parent_lifeline> host_;
};

}  // namespace pulse
