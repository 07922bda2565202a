// samples/pulse/proc/cpu_times.hpp: what the CPUs did, from /proc/stat.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pulse::proc {

/// Ticks since boot that a CPU has spent in each way.
struct cpu_ticks {
  enum kind { user, nice, system, idle, io_wait, irq, soft_irq, steal };
  /// Guests' time is not listed: the kernel counts it as `user`, too.
  std::array<std::uint64_t, 8> spent{};
};

struct numbered_cpu {
  std::uint32_t number = 0;
  cpu_ticks ticks;
};

struct cpu_times {
  cpu_ticks all;
  /// In the order of their numbers. CPUs that are offline are missing.
  std::vector<numbered_cpu> each;
};

/// Reads the `cpu` lines of /proc/stat and ignores all others.
cpu_times parse_cpu_times(std::string_view text);

/// The part of the time between two readings that a CPU was not idle, 0 to 100.
/// Time another guest took (`steal`) was not idle: it was not ours to use.
double busy_percent(const cpu_ticks& before, const cpu_ticks& after) noexcept;

}  // namespace pulse::proc
