#include "pulse/proc/memory_size.hpp"

#include "pulse/proc/text.hpp"

#include <algorithm>
#include <limits>

namespace pulse::proc {
namespace {

/// The number behind a name, which the kernel gives in KiB and calls "kB".
std::uint64_t take_bytes(std::string_view line) noexcept {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max() / 1024;
  return 1024 * std::min(take_number(line), most);
}

}  // namespace

memory_size parse_memory_size(std::string_view text) noexcept {
  memory_size size;
  while (!text.empty()) {
    auto line = take_line(text);
    const auto name = take_word(line);
    if (name == "MemTotal:") size.total_bytes = take_bytes(line);
    if (name == "MemAvailable:") size.available_bytes = take_bytes(line);
  }
  size.available_bytes = std::min(size.available_bytes, size.total_bytes);
  return size;
}

}  // namespace pulse::proc
