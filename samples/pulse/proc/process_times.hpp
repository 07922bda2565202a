// samples/pulse/proc/process_times.hpp: one process, from /proc/<pid>/stat.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pulse::proc {

/// A process at one moment.
struct process_times {
  std::uint32_t pid = 0;
  std::uint32_t thread_count = 0;
  std::uint64_t ticks = 0;  // CPU time of all its threads, in clock ticks.
  /// In ticks since boot. With the pid it names a process for ever: pids are
  /// used again.
  std::uint64_t started_ticks = 0;
  /// Printable ASCII, ended by a NUL. Linux keeps 15 bytes of a program's name,
  /// of kernel threads more; longer names are cut.
  std::array<char, 24> name{};
};

/// Reads the text of /proc/<pid>/stat. Nothing when it is not that: the process
/// may have vanished while it was read.
std::optional<process_times> parse_process_times(std::string_view text);

}  // namespace pulse::proc
