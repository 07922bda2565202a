#include "pulse/analyst/options.hpp"

#include "pulse/child_program.hpp"
#include "pulse/objects.hpp"

#include <CLI/CLI.hpp>

namespace pulse {

std::optional<analyst_options> read_analyst_options(int argc, char** argv,
                                                    int& exit_code) {
  CLI::App program{"Watches the samples: means, and alarms.", "pulse_analyst"};
  analyst_options options;
  options.segment = default_segment;
  program.add_option("--segment", options.segment, "Where samples are")
      ->capture_default_str();
  program.add_option("--folder", options.folder, "The folder of segments");
  program
      .add_option("--cpu-limit", options.cpu_limit_percent,
                  "Percent that the CPUs' mean over a second may reach")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 100.0));
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    exit_code = program.exit(stop) == 0 ? ended : usage;
    return std::nullopt;
  }
  return options;
}

}  // namespace pulse
