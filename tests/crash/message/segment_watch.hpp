// tests/crash/message/segment_watch.hpp: a segment seen after each store.
#pragma once

#include "../stepper.hpp"
#include <commy/memory/journal.hpp>
#include <commy/memory/segment.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <support/segment_copy.hpp>
#include <vector>

namespace commy::test {

/// What an exploration did and found.
struct state_exploration {
  std::uint64_t instructions = 0;
  std::uint64_t states = 0;
  std::uint64_t freed = 0;         // Loans that sweeps freed.
  std::uint64_t swept_states = 0;  // Instants at which a sweep was cut.
  std::uint64_t violations = 0;
  std::vector<std::string> first_violations;
  double seconds = 0;

  void violation(std::string what);
};

/// What is done with a victim's states.
struct state_visits {
  /// A state after a changed byte. With a stride not each, but the last.
  std::function<void(const segment_bytes&)> check;
  /// One in the middle of a sweep of the victim.
  std::function<void(const segment_bytes&)> check_cut_sweep;
  /// The living one does something, after each changed byte.
  std::function<void()> interfere;
};

/// Steps a victim from its second mark to its third, and through the sweep of
/// some of its states, cut at each store. `folder` is the segment's.
void explore_states(stepper& victim, const std::string& folder,
                    const memory::geometry& sizes, memory::slot_index slot,
                    memory::planted_bug bug, const state_visits& visits,
                    state_exploration& done);

/// The slot of the participant that is not `living`.
[[nodiscard]] memory::slot_index slot_beside(const segment& shared,
                                             memory::slot_index living);

/// Both phases of a sweep, on the bytes alone.
memory::sweep_report sweep_all(const memory::image& img,
                               memory::slot_index dead);

}  // namespace commy::test
