#include <commy/memory/segment.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <tools/commy/commands.hpp>

namespace tool {
namespace {

/// "12.3 MiB".
std::string size_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; number >= 1024 && unit + 1 < std::size(units); ++unit)
    number /= 1024;
  std::ostringstream text;
  text << std::fixed << std::setprecision(unit == 0 ? 0 : 1) << number << ' '
       << units[unit];
  return text.str();
}

}  // namespace

exit_code segments(const settings& s) {
  commy::segment_options options;
  options.folder = s.segment_folder;
  const auto names = commy::segment::list(options);
  if (!names) {
    std::cerr << "commy: " << names.error().message() << '\n';
    return damaged;
  }
  std::cout << std::left << std::setw(32) << "segment" << std::right
            << std::setw(12) << "live" << std::setw(12) << "committed"
            << std::setw(12) << "capacity" << std::setw(9) << "objects"
            << "  participants\n";
  bool readable = true;
  for (const auto& name : *names) {
    std::cout << std::left << std::setw(32) << name << std::right;
    // For reading alone: who looks must not become a participant.
    const auto home = commy::segment::open_read_only(name, options);
    if (!home) {
      readable = false;
      std::cout << "  " << home.error().message() << '\n';
      continue;
    }
    const auto counted = home->statistics();
    const auto objects = home->objects();
    std::cout << std::setw(12) << size_text(counted.live_bytes) << std::setw(12)
              << size_text(counted.committed_bytes) << std::setw(12)
              << size_text(counted.capacity_bytes) << std::setw(9)
              << (objects ? std::to_string(objects->size()) : "?") << "  ";
    const auto all = home->participants();
    const auto dead =
        std::ranges::count_if(all, [](const auto& one) { return !one.alive; });
    std::cout << all.size() - static_cast<std::size_t>(dead);
    if (dead != 0) std::cout << " and " << dead << " dead, not yet swept";
    std::cout << '\n';
  }
  return readable ? success : damaged;
}

}  // namespace tool
