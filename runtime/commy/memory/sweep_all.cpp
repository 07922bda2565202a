#include <commy/memory/ring_repair.hpp>
#include <commy/memory/sweep_all.hpp>
#include <commy/memory/topic_repair.hpp>

namespace commy::memory {

bool sweep_all(const image& img) noexcept {
  for (slot_index i = 0; i < img.sizes().participants; ++i) {
    const slot_word word{img.slot(i).word.load(std::memory_order_acquire)};
    if (word.state() != slot_state::live) continue;
    auto report = sweep_lanes(img, i);
    if (report.poisoned) return false;
    sweep_rings(img, i, report);
    sweep_topics(img, i, report, owner_search::all);
    sweep_loans(img, i, owner_search::all);
    img.slot(i).word.store(
        slot_word::make(slot_state::free, word.generation() + 1, 0).raw,
        std::memory_order_release);
  }
  return img.header().poisoned.load(std::memory_order_relaxed) == 0;
}

}  // namespace commy::memory
