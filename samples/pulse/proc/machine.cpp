#include "pulse/proc/machine.hpp"

#include "pulse/proc/disks.hpp"
#include "pulse/proc/file_text.hpp"
#include "pulse/proc/network.hpp"

#include <system_error>
#include <utility>

namespace pulse::proc {

std::string_view describe(machine_error error) noexcept {
  switch (error) {
    case machine_error::unreadable:
      return "cannot be read; is /proc mounted?";
    case machine_error::nonsense:
      return "does not say what Linux always says there";
  }
  return "unknown";
}

machine_reader::machine_reader(std::string folder)
    : folder_{std::move(folder)} {}

commy::result<machine_reading, machine_error> machine_reader::look() {
  machine_reading now;
  const auto stat = folder_ + "/stat";
  const auto memory = folder_ + "/meminfo";
  const auto refuse = [](const std::string& path, int why) {
    return commy::unexpected{
        machine_error::unreadable,
        path + " (" + std::generic_category().message(why) + ")"};
  };

  if (const int why = read_file(stat, text_)) return refuse(stat, why);
  // What changes fastest is read at the moment that stands for all.
  now.at = std::chrono::steady_clock::now();
  now.clock = std::chrono::system_clock::now();
  now.cpu = parse_cpu_times(text_);
  if (now.cpu.each.empty()) {
    return commy::unexpected{machine_error::nonsense, stat};
  }
  if (const int why = read_file(memory, text_)) return refuse(memory, why);
  now.memory = parse_memory_size(text_);
  if (now.memory.total_bytes == 0) {
    return commy::unexpected{machine_error::nonsense, memory};
  }
  if (read_file(folder_ + "/net/dev", text_) == 0) {
    now.network = parse_network(text_);
  }
  if (read_file(folder_ + "/diskstats", text_) == 0) {
    now.disks = parse_disks(text_);
  }

  const auto pids = list_numbers(folder_);
  now.process_count = pids.size();
  for (const auto pid : pids) {
    if (now.processes.size() == max_processes) break;
    // One that has ended since the list was made is simply not there.
    if (read_file(folder_ + "/" + std::to_string(pid) + "/stat", text_) != 0) {
      continue;
    }
    if (auto times = parse_process_times(text_)) {
      now.processes.push_back(*times);
    }
  }
  return now;
}

}  // namespace pulse::proc
