#include "pulse/proc/network.hpp"

#include "pulse/proc/text.hpp"

#include <algorithm>
#include <array>

namespace pulse::proc {
namespace {

using namespace std::string_view_literals;

bool stands_alone(std::string_view name) {
  constexpr std::array others{"br"sv,   "bond"sv,  "docker"sv, "dummy"sv,
                              "ifb"sv,  "tap"sv,   "tun"sv,    "team"sv,
                              "veth"sv, "virbr"sv, "vnet"sv,   "wg"sv};
  // "eth0.100" is a part of eth0.
  return !name.empty() && name != "lo" && name.find('.') == name.npos &&
         std::ranges::none_of(
             others, [&](auto prefix) { return name.starts_with(prefix); });
}

}  // namespace

traffic parse_network(std::string_view text) {
  traffic found;
  while (!text.empty() && found.size() < max_devices) {
    auto line = take_line(text);
    // The last colon ends the name: an alias ("eth0:1") has one of its own, and
    // older kernels leave no blank behind it.
    const auto colon = line.rfind(':');
    if (colon == line.npos) continue;
    auto name = line.substr(0, colon);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    auto numbers = line.substr(colon + 1);
    const auto received = to_number(take_word(numbers));
    // Between the two: packets errs drop fifo frame compressed multicast.
    for (int i = 0; i < 7; ++i)
      take_word(numbers);
    const auto sent = to_number(take_word(numbers));
    if (!received || !sent || !stands_alone(name)) continue;
    found.push_back({std::string{name}, *received, *sent});
  }
  return found;
}

}  // namespace pulse::proc
