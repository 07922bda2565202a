#include "pulse/runner/options.hpp"

#include "pulse/child_program.hpp"

#include <CLI/CLI.hpp>

namespace pulse {

std::optional<runner_options> read_runner_options(int argc, char** argv,
                                                  int& exit_code) {
  CLI::App program{
      "Shares live measurements of this machine between several "
      "processes, and shows them in a browser.",
      "pulse"};
  program.footer(
      "Exit codes: 0 ended as asked, 2 wrong arguments, 3 wrong manifest,\n"
      "4 something did not start (the port is taken, another one runs, no\n"
      "memory), 5 something did not stop in time or was left behind, 6 the\n"
      "host has died.");
  runner_options options;
  options.port = 7411;
  options.cpu_limit_percent = 90;
  options.manifest = PULSE_MANIFEST;
  std::uint32_t seconds = 0;
  // A day is 86,400; who wants more wants no end.
  auto* const run_for =
      program.add_option("--seconds", seconds, "End by itself after so long")
          ->check(CLI::Range(1, 999'999));
  program
      .add_option("--port", options.port,
                  "Where the page is served; 0 for any that is free")
      ->capture_default_str();
  program
      .add_option("--cpu-limit", options.cpu_limit_percent,
                  "Percent of all CPUs above which there is an alarm")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 100.0));
  program.add_option("--manifest", options.manifest, "What the host runs")
      ->capture_default_str();
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    exit_code = program.exit(stop) == 0 ? ended : usage;
    return std::nullopt;
  }
  if (run_for->count() > 0) options.run_for = std::chrono::seconds{seconds};
  return options;
}

}  // namespace pulse
