// samples/pulse/proc/machine.hpp: one look at the whole machine.
#pragma once

#include "pulse/proc/cpu_times.hpp"
#include "pulse/proc/memory_size.hpp"
#include "pulse/proc/process_times.hpp"
#include "pulse/proc/traffic.hpp"
#include <commy/base/result.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pulse::proc {

enum class machine_error {
  unreadable,  // A file of /proc cannot be read; the detail says which, why.
  nonsense,    // It does not say what it always says; the detail names it.
};
std::string_view describe(machine_error error) noexcept;

/// All counters of the machine at one moment.
struct machine_reading {
  std::chrono::steady_clock::time_point at;
  std::chrono::system_clock::time_point clock;
  cpu_times cpu;
  memory_size memory;
  traffic network;
  traffic disks;
  std::vector<process_times> processes;  // In the order of their pids.
  std::uint64_t process_count = 0;       // Also those beyond the bound.
};

/// Processes that one look measures; more are counted only. A look costs some
/// 8 us for each, so these are a third of the sampler's period.
inline constexpr std::size_t max_processes = 4096;

/// Looks at the machine through /proc. Threads: one at a time.
class machine_reader {
public:
  /// `folder` stands for /proc; a test brings its own.
  explicit machine_reader(std::string folder = "/proc");

  /// Cost: 1 ms for a hundred processes. Fails when CPU or memory cannot be
  /// read; what else is missing (there are containers without disks) is empty.
  [[nodiscard]] commy::result<machine_reading, machine_error> look();

private:
  std::string folder_;
  std::string text_;  // Kept, so that a look seldom allocates.
};

}  // namespace pulse::proc
