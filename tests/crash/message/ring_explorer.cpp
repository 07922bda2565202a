#include "../stepper.hpp"
#include "ring_world.hpp"
#include "segment_watch.hpp"

#include <support/test_folder.hpp>

namespace commy::test {
ring_exploration explore_ring(const ring_scenario& s, memory::planted_bug bug) {
  const test_folder folder;
  const auto sizes = small_geometry();
  const auto options = in_folder(folder, &sizes);
  party here{segment::create("mail", options).value()};
  const bool sends = s.role == victim_role::sender;
  if (sends) here.open_box();
  stepper victim{[&](stepper::mark mark) {
    memory::planted = bug;
    party there{segment::open("mail", options).value()};
    if (sends) there.find_sink();
    mark();
    s.prepare(there);
    mark();
    s.operate(there);
    mark();
    // Nothing of this process ends in order.
    ::_exit(0);
  }};
  s.meanwhile(here, 0);
  victim.run_to_mark();
  s.meanwhile(here, 1);
  const auto slot = slot_beside(here.shared, living);
  ring_exploration done;
  ring_checks checks{sizes, s, slot, done};
  explore_states(
      victim, folder / "mail", sizes, slot, bug,
      {[&](const segment_bytes& state) { checks.check(state); },
       [&](const segment_bytes& state) { checks.check_cut_sweep(state); },
       [&] {
         s.interfere(here, memory::ring_of(here.shared.engine()->img(),
                                           sends ? living : slot));
       }},
      done);
  return done;
}

}  // namespace commy::test
