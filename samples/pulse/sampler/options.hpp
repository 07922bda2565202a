// samples/pulse/sampler/options.hpp: what the sampler is told at its start.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pulse {

struct sampler_options {
  std::string segment;
  std::string folder;  // Of segments; empty: the usual one.
  std::chrono::milliseconds period{100};
  std::uint64_t keep = 6000;  // Ten minutes.
  std::string witness;        // A named pipe, or empty.
  std::string proc = "/proc";
};

/// Reads the command line. Nothing when the program is to end at once, with
/// `exit_code`, since it has printed help or what is wrong.
std::optional<sampler_options> read_sampler_options(int argc, char** argv,
                                                    int& exit_code);

}  // namespace pulse
