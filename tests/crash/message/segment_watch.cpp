#include "segment_watch.hpp"

#include <commy/memory/ring_repair.hpp>
#include <commy/memory/topic_repair.hpp>
#include <commy/platform/file.hpp>
#include <commy/platform/mapping.hpp>

#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace commy::test {

using platform::access;
using platform::file;
using platform::mapping;

memory::sweep_report sweep_all(const memory::image& img,
                               memory::slot_index dead) {
  auto report = memory::sweep_lanes(img, dead);
  memory::sweep_rings(img, dead, report);
  memory::sweep_topics(img, dead, report);
  report.loans += memory::sweep_loans(img, dead);
  return report;
}

namespace {

/// One of the segment's files, as seen from outside.
class watched_file {
public:
  watched_file(const std::string& path, std::uint64_t capacity);
  /// Copies the file if a byte differs from the last copy.
  bool take(std::vector<std::byte>& last) const;

private:
  platform::file file_;
  platform::mapping map_;
};

watched_file::watched_file(const std::string& path, std::uint64_t capacity)
    : file_{file::open(path, access::read_only).value()},
      map_{mapping::map(file_, capacity, access::read_only).value()} {}

bool watched_file::take(std::vector<std::byte>& last) const {
  const auto size = file_.size().value();
  if (size == last.size() && std::memcmp(map_.data(), last.data(), size) == 0) {
    return false;
  }
  last.assign(map_.data(), map_.data() + size);
  return true;
}

/// Instrumented code takes twenty times as long and is stepped through as well;
/// it is there to find bad accesses, so every fourth state is enough for it.
/// Bugs that are planted show in few states, and are looked for in all.
std::size_t stride_for(memory::planted_bug bug) {
#ifdef __SANITIZE_ADDRESS__
  return bug == memory::planted_bug::none ? 4 : 1;
#else
  static_cast<void>(bug);
  return 1;
#endif
}

/// Steps through the sweep of `victim` in each of these states and calls
/// `check` with what it has left behind after each store. Returns how many.
std::uint64_t cut_sweeps(
    const std::vector<segment_bytes>& states, const memory::geometry& sizes,
    memory::slot_index victim, memory::planted_bug bug,
    const std::function<void(const segment_bytes&)>& check) {
  const auto size = sizes.capacity + control_capacity(sizes);
  auto* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error{"no memory to share"};
  auto* const bytes = static_cast<std::byte*>(at);
  std::uint64_t cuts = 0;
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
        ++cuts;
        check(last);
      });
      sweeper.run_to_mark();
    }
  }
  ::munmap(at, size);
  return cuts;
}

}  // namespace

void state_exploration::violation(std::string what) {
  ++violations;
  if (first_violations.size() < 5) {
    first_violations.push_back("state " + std::to_string(states) + ": " +
                               std::move(what));
  }
}

void explore_states(stepper& victim, const std::string& folder,
                    const memory::geometry& sizes, memory::slot_index slot,
                    memory::planted_bug bug, const state_visits& visits,
                    state_exploration& done) {
  const auto begun = std::chrono::steady_clock::now();
  const watched_file data{folder + "/data", sizes.capacity};
  const watched_file control{folder + "/control", control_capacity(sizes)};
  segment_bytes now;
  std::vector<segment_bytes> all;
  const auto stride = stride_for(bug);
  bool is_checked = false;
  const auto check = [&] {
    visits.check(now);
    all.push_back(now);
    is_checked = true;
  };
  const auto look = [&] {
    const bool first = data.take(now.data);
    if (!control.take(now.control) && !first) return;
    is_checked = false;
    if (done.states++ % stride == 0) check();
    visits.interfere();
  };
  look();
  done.instructions = victim.step_to_mark(look);
  // Only there all has happened.
  if (!is_checked) check();
  // The last ones, in which most changes hands, and some of the others.
  std::vector<segment_bytes> some;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 20 == 0 || i + 12 / stride > all.size()) {
      some.push_back(std::move(all[i]));
    }
  }
  done.swept_states +=
      cut_sweeps(some, sizes, slot, bug, visits.check_cut_sweep);
  done.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun)
          .count();
}

memory::slot_index slot_beside(const segment& shared,
                               memory::slot_index living) {
  memory::slot_index slot = 0;
  for (const auto& who : shared.participants()) {
    if (who.slot != living) slot = who.slot;
  }
  return slot;
}

}  // namespace commy::test
