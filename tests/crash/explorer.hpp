// tests/crash/explorer.hpp: an operation, killed after each of its stores.
#pragma once

#include <commy/memory/journal.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <vector>

namespace commy::test {

/// One operation and what comes before it, on the shared world and on its
/// model. Everything before the operation is done at full speed.
struct scenario {
  std::string name;
  std::function<void(shared_world&)> prepare;
  std::function<void(shared_world&)> operate;
  std::function<void(model_world&)> prepare_model;
  std::function<void(model_world&)> operate_model;
  memory::geometry sizes = small_geometry();
  /// Also look behind the instructions that cannot have stored.
  bool distrustful = false;
  /// Of a loan that takes a run: two pages.
  static constexpr std::uint64_t large = 5000;
  /// The survivor lends large blocks, too, before anybody has swept.
  bool lends = false;
};

/// A scenario from two generic functions, each called with either world.
template <class Prepare, class Operate>
scenario make_scenario(std::string name, Prepare prepare, Operate operate) {
  return {std::move(name), prepare, operate,
          prepare,         operate, small_geometry()};
}

/// What an exploration did and found.
struct exploration {
  std::uint64_t instructions = 0;
  std::uint64_t states = 0;  // Instants after which a shared byte differed.
  std::uint64_t rolled_back = 0;     // States whose sweep undid the operation.
  std::uint64_t rolled_forward = 0;  // States whose sweep completed it.
  std::uint64_t ended_before = 0;    // States that became as before,
  std::uint64_t ended_after = 0;     // and as after the operation.
  std::uint64_t swept_steps = 0;     // Instructions of sweeps stepped through,
  std::uint64_t swept_states = 0;    // and instants at which one was cut.
  std::uint64_t unexpected = 0;      // States behind such an instruction.
  std::uint64_t violations = 0;
  std::vector<std::string> first_violations;
  double seconds = 0;

  [[nodiscard]] std::string row(const std::string& name) const;
};

/// Lets a forked victim make a small segment and run the operation instruction
/// by instruction. After each that changed a shared byte the victim counts as
/// dead, and on copies of the bytes
///
///  1. a reader that may not write sees, of each element, the old or the new
///     value, or is told that it cannot be seen now;
///  2. a survivor writes another object, and this one if it is not locked,
///     before anybody sweeps; what it wrote stays;
///  3. a sweep leaves the state from before or after the whole operation, and
///     run again changes nothing;
///  4. no block leaks, dangles or is shared (see block_trace.hpp);
///  5. a new participant attaches and changes every object.
///
/// Of some states the sweep is itself stepped through, cut at each of its
/// stores, and a second sweep must come to the same end.
exploration explore(const scenario& s,
                    memory::planted_bug bug = memory::planted_bug::none);

}  // namespace commy::test
