#include "segment_watch.hpp"

#include "../stepper.hpp"
#include <commy/memory/ring_repair.hpp>
#include <commy/memory/topic_repair.hpp>

#include <sys/mman.h>

#include <cstring>
#include <stdexcept>

namespace commy::test {

using platform::access;
using platform::file;
using platform::mapping;

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

std::size_t stride_for(memory::planted_bug bug) {
#ifdef __SANITIZE_ADDRESS__
  return bug == memory::planted_bug::none ? 4 : 1;
#else
  static_cast<void>(bug);
  return 1;
#endif
}

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

memory::sweep_report sweep_all(const memory::image& img,
                               memory::slot_index dead) {
  auto report = memory::sweep_lanes(img, dead);
  memory::sweep_rings(img, dead, report);
  memory::sweep_topics(img, dead, report);
  report.loans += memory::sweep_loans(img, dead);
  return report;
}

}  // namespace commy::test
