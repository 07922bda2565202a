// samples/pulse/runner/format.hpp: numbers as people read them.
#pragma once

#include <chrono>
#include <string>

namespace pulse {

/// "0 B", "17.3 kB", "1.20 GB": three digits, powers of 1000.
std::string bytes_text(double bytes);
/// "950", "17.3 k", "1.20 M".
std::string count_text(double count);
/// "85 ns", "1.20 us", "17.3 ms".
std::string time_text(std::chrono::nanoseconds time);

}  // namespace pulse
