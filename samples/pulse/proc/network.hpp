// samples/pulse/proc/network.hpp: network interfaces, from /proc/net/dev.
#pragma once

#include "pulse/proc/traffic.hpp"

#include <string_view>

namespace pulse::proc {

/// Reads /proc/net/dev and skips lines that name no interface. Left out are
/// interfaces whose bytes pass through another one as well, or never leave the
/// machine, told by their usual names: a total with them would count bytes
/// twice. These are the loopback, tunnels, bridges, bonds, parts of another
/// one, and the virtual ones of containers and virtual machines.
traffic parse_network(std::string_view text);

}  // namespace pulse::proc
