#include "pulse/sampler/options.hpp"

#include "pulse/child_program.hpp"
#include "pulse/objects.hpp"

#include <CLI/CLI.hpp>

#include <map>

namespace pulse {

std::optional<sampler_options> read_sampler_options(int argc, char** argv,
                                                    int& exit_code) {
  CLI::App program{"Measures the machine and shares the samples.",
                   "pulse_sampler"};
  sampler_options options;
  options.segment = default_segment;
  std::uint64_t period_ms = 100;
  const std::map<std::string, std::uint64_t> units{{"ms", 1}, {"s", 1000}};

  program.add_option("--segment", options.segment, "Where samples go")
      ->capture_default_str();
  program.add_option("--folder", options.folder, "The folder of segments");
  // Below 20 ms the kernel's ticks of 10 ms leave no rate to speak of.
  program.add_option("--period", period_ms, "Time between samples: 100ms")
      ->transform(
          CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::DEFAULT, "TIME") &
          CLI::Range(20, 60'000));
  // 2^20 samples are 80 MiB and more than a day.
  program.add_option("--keep", options.keep, "Samples in the history")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  program.add_option("--witness", options.witness,
                     "A named pipe for acknowledgements; empty for none");
  program.add_option("--proc", options.proc, "Where /proc is mounted")
      ->capture_default_str();
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    exit_code = program.exit(stop) == 0 ? ended : usage;
    return std::nullopt;
  }
  options.period = std::chrono::milliseconds{period_ms};
  return options;
}

}  // namespace pulse
