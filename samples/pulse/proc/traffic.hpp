// samples/pulse/proc/traffic.hpp: bytes that went in and out of a device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pulse::proc {

/// Bytes since the device came into being, in both directions.
struct device_bytes {
  std::string name;
  std::uint64_t in = 0;   // Received from a network, or read from a disk.
  std::uint64_t out = 0;  // Sent to a network, or written to a disk.
};
using traffic = std::vector<device_bytes>;

/// Devices of one kind that are looked at: with the CPUs and processes they
/// bound the entries that one sample changes. The kernel lists the machine's
/// own devices before those that were added later.
inline constexpr std::size_t max_devices = 16;

/// Bytes per second of one device between two readings.
struct device_rate {
  std::string name;
  double in = 0;
  double out = 0;
};
struct traffic_rates {
  double in = 0;  // Of all devices together.
  double out = 0;
  /// Of devices that both readings have.
  std::vector<device_rate> each;
};

/// Requires: `seconds` is above zero. A counter that went back belongs to a
/// device that was made anew: it moved nothing in this time.
traffic_rates rates_between(const traffic& before, const traffic& after,
                            double seconds);

}  // namespace pulse::proc
