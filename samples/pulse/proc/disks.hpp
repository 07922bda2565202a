// samples/pulse/proc/disks.hpp: block devices, from /proc/diskstats.
#pragma once

#include "pulse/proc/traffic.hpp"

#include <string_view>

namespace pulse::proc {

/// Reads /proc/diskstats: whole disks that have been used. A total must not
/// count bytes twice, so partitions are left out, known by a name that begins
/// with that of their disk, and devices that stand on others: dm, md, loop.
/// Those in memory, ram and zram, are no disks at all.
traffic parse_disks(std::string_view text);

}  // namespace pulse::proc
