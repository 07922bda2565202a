// samples/pulse/runner/options.hpp: what `pulse` is told at its start.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pulse {

struct runner_options {
  /// How long to run; without it, until Ctrl-C.
  std::optional<std::chrono::seconds> run_for;
  std::uint16_t port = 0;
  double cpu_limit_percent = 0;
  std::string manifest;
};

/// Reads the command line. Nothing when the program is to end at once, with
/// `exit_code`, since it has printed help or what is wrong.
std::optional<runner_options> read_runner_options(int argc, char** argv,
                                                  int& exit_code);

}  // namespace pulse
