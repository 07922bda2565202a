#include "../stepper.hpp"
#include "ring_world.hpp"
#include "segment_watch.hpp"

#include <support/test_folder.hpp>

namespace commy::test {
ring_exploration explore_ring(const ring_scenario& s, memory::planted_bug bug) {
  const auto begun = std::chrono::steady_clock::now();
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
  memory::slot_index slot = 0;
  for (const auto& who : here.shared.participants()) {
    if (who.slot != living) slot = who.slot;
  }

  ring_exploration done;
  ring_checks checks{sizes, s, slot, done};
  const watched_file data{folder / "mail/data", sizes.capacity};
  const watched_file control{folder / "mail/control", control_capacity(sizes)};
  segment_bytes now;
  std::vector<segment_bytes> all;
  const auto stride = stride_for(bug);
  const auto look = [&] {
    const bool first = data.take(now.data);
    if (!control.take(now.control) && !first) return;
    if (done.states++ % stride == 0) {
      checks.check(now);
      all.push_back(now);
    }
    s.interfere(here, memory::ring_of(here.shared.engine()->img(),
                                      sends ? living : slot));
  };
  look();
  done.instructions = victim.step_to_mark(look);
  // The last ones, in which messages change hands, and some of the others.
  std::vector<segment_bytes> some;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 20 == 0 || i + 12 / stride > all.size()) {
      some.push_back(std::move(all[i]));
    }
  }
  done.swept_states += cut_sweeps(
      some, sizes, slot, bug,
      [&](const segment_bytes& state) { checks.check_cut_sweep(state); });
  done.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun)
          .count();
  return done;
}

}  // namespace commy::test
