// tests/benchmark/actor/resident.hpp: what the system knows of this process.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace commy::benchmark {

/// Bytes of memory that are really there.
inline std::int64_t resident_bytes() {
  std::ifstream figures{"/proc/self/statm"};
  std::int64_t all = 0;
  std::int64_t resident = 0;
  figures >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// How often the threads of this process, the calling one excepted, have gone
/// to sleep by themselves: so often each was woken.
inline std::int64_t wakeups_of_others() {
  std::int64_t sum = 0;
  for (const auto& task :
       std::filesystem::directory_iterator{"/proc/self/task"}) {
    if (task.path().filename() == std::to_string(::gettid())) continue;
    std::ifstream status{task.path() / "status"};
    std::string word;
    while (status >> word) {
      if (word != "voluntary_ctxt_switches:") continue;
      std::int64_t count = 0;
      status >> count;
      sum += count;
    }
  }
  return sum;
}

}  // namespace commy::benchmark
