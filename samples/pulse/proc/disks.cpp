#include "pulse/proc/disks.hpp"

#include "pulse/proc/text.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace pulse::proc {
namespace {

using namespace std::string_view_literals;

/// sda1 of sda; nvme0n1p2 of nvme0n1, where the disk's own name ends in a
/// digit.
bool is_part_of(std::string_view name, std::string_view disk) {
  if (disk.empty() || !name.starts_with(disk)) return false;
  name.remove_prefix(disk.size());
  if (is_digits(disk.substr(disk.size() - 1))) {
    if (!name.starts_with('p')) return false;
    name.remove_prefix(1);
  }
  return is_digits(name);
}

bool stands_alone(std::string_view name) {
  constexpr std::array others{"dm-"sv, "md"sv, "loop"sv, "ram"sv, "zram"sv};
  return std::ranges::none_of(
      others, [&](auto prefix) { return name.starts_with(prefix); });
}

/// The kernel counts sectors of 512 bytes here, whatever the disk's own are.
std::uint64_t sectors_to_bytes(std::uint64_t sectors) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max() / 512;
  return 512 * std::min(sectors, most);
}

}  // namespace

traffic parse_disks(std::string_view text) {
  traffic found;
  while (!text.empty() && found.size() < max_devices) {
    auto line = take_line(text);
    take_word(line);  // The major and minor number.
    take_word(line);
    const auto name = take_word(line);
    take_word(line);  // Reads, and how many of them were merged.
    take_word(line);
    const auto read = to_number(take_word(line));
    for (int i = 0; i < 3; ++i)
      take_word(line);  // Time; writes, merged.
    const auto written = to_number(take_word(line));
    if (!read || !written || !stands_alone(name)) continue;
    if (*read == 0 && *written == 0) continue;
    // A disk stands before its partitions.
    if (std::ranges::any_of(
            found, [&](const auto& d) { return is_part_of(name, d.name); })) {
      continue;
    }
    found.push_back({std::string{name}, sectors_to_bytes(*read),
                     sectors_to_bytes(*written)});
  }
  return found;
}

}  // namespace pulse::proc
