// tests/interleaving/scheduler.hpp: runs a scenario on threads of which one
// runs at a time, drawn by a seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace interleaving_tests {

struct run_options {
  std::uint64_t seed = 0;
  /// Waits with a deadline may end by it at any moment, as when other threads
  /// are slow: the time then jumps there. Else they last until they are woken,
  /// so that no timeout covers up a lost wake-up.
  bool time_passes = false;
  /// A step takes microseconds. Without one for this long, a thread waits by
  /// something that tells nothing.
  std::chrono::milliseconds longest_step{60'000};
};

/// What became of one run.
struct run_result {
  /// What is wrong, who waits where, and the last steps; empty if all is well.
  std::string problem;
  /// The last steps in any case, and all of them as one number.
  std::string trace;
  std::uint64_t hash = 0;
  std::uint64_t steps = 0;
};

/// Runs `scenario` on a new thread; the threads that it and the runtime start
/// take part until the last of them has ended. When none of them can go on, or
/// the scenario does not come to its end, the result says so, and these threads
/// are left behind with all they own: the process can only report it and end.
run_result run(const run_options& options,
               const std::function<void()>& scenario);

/// Within a run: what must hold. The first that does not is the problem.
void expect(bool holds, const char* what);

}  // namespace interleaving_tests
