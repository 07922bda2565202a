// samples/pulse/sampler/measure.hpp: from two readings to one sample.
#pragma once

#include "pulse/proc/machine.hpp"
#include "pulse/sample.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pulse {

/// A sample, and all its values under the names they have in the map `now`:
///
///     sample.number                   cpu.total          cpu.<number>
///     memory.used_bytes               memory.total_bytes
///     net.total.rx_bytes_per_s        net.<interface>.rx_bytes_per_s, tx_...
///     disk.total.read_bytes_per_s     disk.<disk>.read_bytes_per_s, write_...
///     process.count                   process.<pid>.cpu_percent
struct measurement {
  pulse_sample sample{};
  /// At most 10 + PULSE_CPUS + 4 * max_devices + PULSE_TOP of them.
  std::vector<std::pair<std::string, double>> values;
};

/// What happened between `before` and `now`. Requires: `now` is the later one;
/// `busiest` has at most PULSE_TOP elements.
measurement measure(const proc::machine_reading& before,
                    const proc::machine_reading& now,
                    std::span<const pulse_process> busiest,
                    std::uint64_t number);

}  // namespace pulse
