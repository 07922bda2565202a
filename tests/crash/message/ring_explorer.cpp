#include "../stepper.hpp"
#include "ring_world.hpp"
#include <commy/platform/file.hpp>
#include <commy/platform/mapping.hpp>

#include <sys/mman.h>

#include <cstring>
#include <stdexcept>
#include <support/test_folder.hpp>

namespace commy::test {
namespace {

using platform::access;
using platform::file;
using platform::mapping;

// Instrumented code takes twenty times as long and is stepped through as well;
// it is there to find bad accesses, so every fourth state is enough for it.
// Bugs that are planted show in few states, and are looked for in all.
std::size_t stride_for(memory::planted_bug bug) {
#ifdef __SANITIZE_ADDRESS__
  return bug == memory::planted_bug::none ? 4 : 1;
#else
  static_cast<void>(bug);
  return 1;
#endif
}

/// One of the segment's files, as seen from outside.
class watched_file {
public:
  watched_file(const std::string& path, std::uint64_t capacity)
      : file_{file::open(path, access::read_only).value()},
        map_{mapping::map(file_, capacity, access::read_only).value()} {}

  /// Copies the file if a byte differs from the last copy.
  bool take(std::vector<std::byte>& last) const {
    const auto size = file_.size().value();
    if (size == last.size() &&
        std::memcmp(map_.data(), last.data(), size) == 0) {
      return false;
    }
    last.assign(map_.data(), map_.data() + size);
    return true;
  }

private:
  file file_;
  mapping map_;
};

/// Steps through the sweep of a state and cuts it at each store.
void cut_sweeps(const std::vector<segment_bytes>& states,
                const memory::geometry& sizes, memory::slot_index victim,
                ring_checks& checks, ring_exploration& done,
                memory::planted_bug bug) {
  const auto size = sizes.capacity + control_capacity(sizes);
  auto* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error{"no memory to share"};
  auto* const bytes = static_cast<std::byte*>(at);
  {
    segment_copy shared{sizes, bytes, bytes + sizes.capacity};
    stepper sweeper{[&](stepper::mark mark) {
      memory::planted = bug;
      for (;;) {
        mark();
        sweep_all(shared.img(), victim);
        mark();
      }
    }};
    for (const auto& state : states) {
      shared.load(state);
      auto last = shared.bytes();
      sweeper.step_to_mark([&] {
        if (shared.holds(last)) return;
        last = shared.bytes();
        ++done.swept_states;
        checks.check_cut_sweep(last);
      });
      sweeper.run_to_mark();
    }
  }
  ::munmap(at, size);
}

}  // namespace

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
  cut_sweeps(some, sizes, slot, checks, done, bug);
  done.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun)
          .count();
  return done;
}

}  // namespace commy::test
