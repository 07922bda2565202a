// samples/pulse/analyst/options.hpp: what the analyst is told at its start.
#pragma once

#include <optional>
#include <string>

namespace pulse {

struct analyst_options {
  std::string segment;
  std::string folder;  // Of segments; empty: the usual one.
  double cpu_limit_percent = 90;
};

/// Reads the command line. Nothing when the program is to end at once, with
/// `exit_code`, since it has printed help or what is wrong.
std::optional<analyst_options> read_analyst_options(int argc, char** argv,
                                                    int& exit_code);

}  // namespace pulse
