// samples/pulse/runner/viewer.hpp: what the segment says, for the screen.
#pragma once

#include "pulse/objects.hpp"
#include "pulse/runner/probe.hpp"
#include <commy/memory/segment.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pulse {

/// Follows the segment from one more process. Threads: one at a time.
class viewer {
public:
  /// Fails until the host has attached and the sampler has written once, and
  /// the text says what is missing. `host_pid` tells this host's segment from
  /// one that a killed host has left.
  static commy::result<viewer, commy::open_error> open(
      const std::string& folder, std::uint32_t host_pid);

  /// Shows the others that this process lives.
  void beat() noexcept { segment_.beat(); }
  /// Lines about processes that have come or gone since the last call.
  std::vector<std::string> changes();
  /// Measures, and says how things are in one line.
  commy::result<std::string, commy::write_error> status(
      std::chrono::steady_clock::duration running);
  /// What there is to say at the end, line by line.
  std::vector<std::string> summary(std::chrono::steady_clock::duration ran);

private:
  viewer(commy::segment segment, history_deque history, probe load);
  using names_by_pid = std::map<std::uint32_t, std::string>;
  [[nodiscard]] std::uint64_t last_number() const;
  [[nodiscard]] names_by_pid alive_now() const;

  commy::segment segment_;
  history_deque history_;
  probe load_;
  std::uint64_t first_number_;
  names_by_pid alive_;
  names_by_pid seen_;  // All there ever were.
};

}  // namespace pulse
