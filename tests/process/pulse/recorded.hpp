// recorded.hpp: what a sampler has left in the segment, looked at closely.
#pragma once

#include <commy/memory/segment.hpp>

#include <cstdint>
#include <map>
#include <pulse/objects.hpp>
#include <string>
#include <vector>

/// Copies of all objects of the sample, as of one moment: made anew when
/// somebody wrote meanwhile.
struct recorded {
  std::map<std::string, double> now;
  std::vector<pulse_point> history;
  pulse_top top;

  static recorded in(commy::segment& segment);

  /// Why these cannot be of one and the same last sample, one line for each
  /// reason; empty when all is well.
  [[nodiscard]] std::vector<std::string> contradictions() const;
  [[nodiscard]] bool has(std::uint64_t number) const;
};
