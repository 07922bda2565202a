#include <commy/memory/classes.hpp>
#include <commy/memory/journal.hpp>
#include <commy/memory/sweep.hpp>

namespace commy::memory {
namespace {

/// Releases a lock if the dead lane holds it. `at` comes from shared bytes.
bool release_lock(const image& img, offset at, lock_word self) noexcept {
  const auto place = find_block(img, at, block_kind::root);
  if (!place || place.bytes < sizeof(root)) return false;
  auto& word = img.root_at(at).lock;
  auto now = word.load(std::memory_order_relaxed);
  while (lock_word{now}.holder() == self.raw) {
    // [unlock] release: the repaired bytes come before the free lock. Waiters
    // and guards may set their bits meanwhile, hence the CAS; the guarded bit
    // stays for the next writer to look into.
    if (word.compare_exchange_weak(now, now & lock_word::guarded_bit,
                                   std::memory_order_release,
                                   std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

/// Returns false when the journal made no sense.
bool sweep_lane(const image& img, lane_index index, lane_record& lane,
                lane_word leased, sweep_report& report) noexcept {
  const auto state =
      static_cast<journal_state>(lane.state.load(std::memory_order_acquire));
  if (!replay(img, index, lane)) return false;
  if (state == journal_state::active ||
      state == journal_state::freeing_after_abort) {
    ++report.rolled_back;
  } else if (state != journal_state::idle) {
    ++report.rolled_forward;
  }
  // Same order as the living: IDLE before unlock, so that what a journal names
  // is locked as long as the journal can be replayed.
  lane.state.store(static_cast<std::uint64_t>(journal_state::idle),
                   std::memory_order_release);
  const auto self = lock_word::held_by(index, leased.generation());
  for (std::uint64_t i = 0; i < held_locks; ++i) {
    // All cells: one is written before its lock's CAS and never cleared; a
    // stale one names a lock that the lane does not hold.
    const auto root = lane.held[i].load(std::memory_order_relaxed);
    // Most have never been used.
    if (root != 0 && release_lock(img, root, self)) ++report.locks;
  }
  for (auto& cell : lane.guards) {
    if (cell.load(std::memory_order_relaxed) == 0) continue;
    cell.store(0, std::memory_order_release);
    ++report.guards;
  }
  lane.waiting_for.store(0, std::memory_order_relaxed);
  // Last, so that an interrupted sweep finds the lane again. release: the next
  // lease's acquiring CAS sees a clean record.
  lane.word.store(
      lane_word::make(lane_state::free, 0, leased.generation() + 1).raw,
      std::memory_order_release);
  ++report.lanes;
  return true;
}

}  // namespace

sweep_report sweep_lanes(const image& img, slot_index dead) noexcept {
  sweep_report report;
  const auto lanes = img.lane_count();
  for (lane_index i = 0; i < lanes; ++i) {
    auto* const lane = img.lane(i);
    if (lane == nullptr) continue;
    const lane_word word{lane->word.load(std::memory_order_acquire)};
    if (word.state() != lane_state::leased ||
        word.participant_plus_one() != dead + 1) {
      continue;
    }
    if (!sweep_lane(img, i, *lane, word, report)) {
      img.header().poisoned.store(
          static_cast<std::uint64_t>(poison::bad_journal),
          std::memory_order_release);
      report.poisoned = true;
    }
  }
  return report;
}

std::uint32_t sweep_loans(const image& img, slot_index dead,
                          owner_search where) noexcept {
  return free_owned(img, dead, owned_kinds::all, where);
}

}  // namespace commy::memory
