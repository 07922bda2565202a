// The part of an engine that finds the dead, repairs and waits.
#include <commy/base/log.hpp>
#include <commy/memory/engine.hpp>
#include <commy/memory/page_owners.hpp>
#include <commy/memory/ring_repair.hpp>
#include <commy/memory/topic_repair.hpp>
#include <commy/platform/thread_hint.hpp>

#include <algorithm>
#include <thread>

namespace commy::memory {

using namespace std::chrono_literals;

namespace {

/// A sweeper is named by slot and generation: a slot that changed hands since
/// is not the one who swept.
constexpr std::uint64_t sweeper_mark(slot_index slot,
                                     std::uint64_t generation) noexcept {
  return generation << owner_bits | (slot + 1);
}
constexpr std::uint64_t nameless = owner_mask;

}  // namespace

bool engine::is_dead(slot_index slot) const noexcept {
  if (slot >= image_.sizes().participants) return false;
  const auto& record = image_.slot(slot);
  const slot_word word{record.word.load(std::memory_order_acquire)};
  if (word.state() != slot_state::live) return false;
  if (writable_ && usable() && slot == slot_) return false;
  const platform::process_identity who{
      word.pid(), record.started.load(std::memory_order_relaxed)};
  return !backing_->is_alive(slot, who);
}

sweep_report engine::recover(slot_index dead, phases which) noexcept try {
  // Whoever comes second waits: it is for this repair that it waits anyway.
  const std::scoped_lock one_thread{sweeping_};
  if (!writable_ || !is_dead(dead) ||
      image_.header().poisoned.load(std::memory_order_relaxed) != 0) {
    return {};
  }
  auto& slot = image_.slot(dead);
  const slot_word before{slot.word.load(std::memory_order_acquire)};
  // While it attaches this engine may need a dead one's slot before it has one
  // of its own. Such nameless sweepers hold the page lock instead.
  const auto me = usable() ? sweeper_mark(slot_, slot_generation_) : nameless;
  auto sweeper = slot.sweeper.load(std::memory_order_acquire);
  if (sweeper != 0 && sweeper != nameless && sweeper != me &&
      is_sweeping(sweeper)) {
    return {};
  }
  std::optional<page_lock> alone;
  if (me == nameless || sweeper == nameless) alone.emplace(*this);
  if (!slot.sweeper.compare_exchange_strong(sweeper, me,
                                            std::memory_order_acq_rel)) {
    return {};
  }
  sweep_report report;
  // Somebody may have finished between the look and the CAS.
  if (slot.word.load(std::memory_order_acquire) == before.raw &&
      is_dead(dead)) {
    report = sweep_lanes(image_, dead);
    wake_everyone();
    if (!report.poisoned && which == phases::both) {
      sweep_rings(image_, dead, report);
      sweep_topics(image_, dead, report);
      report.loans += sweep_loans(image_, dead);
      wake_everyone();  // Readers behind a claim that has been skipped.
      auto expected = before.raw;
      slot.word.compare_exchange_strong(
          expected,
          slot_word::make(slot_state::free, before.generation() + 1, 0).raw,
          std::memory_order_acq_rel);
    }
  }
  auto mine = me;
  slot.sweeper.compare_exchange_strong(mine, 0, std::memory_order_acq_rel);
  return report;
} catch (const write_failed&) {
  return {};  // The page lock was not to be had; the next one who waits tries.
}

void engine::give_back_owned() noexcept {
  auto& slot = image_.slot(slot_);
  // [owners] seq_cst: the mark comes before the look at other slots. Should we
  // die here it says nothing to those who sweep, since it names a dead one.
  slot.sweeper.store(sweeper_mark(slot_, slot_generation_),
                     std::memory_order_seq_cst);
  free_owned(image_, slot_, owned_kinds::bare, owner_search::noted);
  // release: the bits are cleared before the next may trust them.
  slot.sweeper.store(0, std::memory_order_release);
}

bool engine::is_sweeping(std::uint64_t mark) const noexcept {
  const auto plus_one = static_cast<slot_index>(mark & owner_mask);
  if (plus_one == 0 || plus_one > image_.sizes().participants) return false;
  const slot_word who{
      image_.slot(plus_one - 1).word.load(std::memory_order_acquire)};
  return who.state() == slot_state::live &&
         sweeper_mark(plus_one - 1, who.generation()) == mark &&
         !is_dead(plus_one - 1);
}

bool engine::raise_waiters(shared_u64& word, lock_word now) noexcept {
  const auto wanted = now.raw | lock_word::waiters_bit;
  if (!now.waiters() &&
      !word.compare_exchange_strong(now.raw, wanted, std::memory_order_acq_rel,
                                    std::memory_order_relaxed)) {
    return false;
  }
  // Some 3,000 to 9,000 cycles on x86: a store buffer drains in hundreds.
  for (int looks = 0; looks < 64 && now.locked(); ++looks) {
    if (word.load(std::memory_order_relaxed) != wanted) return false;
    platform::cpu_relax();
  }
  return true;
}

void engine::wake_everyone() noexcept {
  // Cheaper than to remember for whom the dead one, or a sweeper that died,
  // forgot to ring.
  const auto count = image_.lane_count();
  for (lane_index i = 0; i < count; ++i) {
    auto* const record = image_.lane(i);
    if (record != nullptr &&
        record->waiting_for.load(std::memory_order_relaxed) != 0) {
      backing_->unpark(i, record->park);
    }
  }
}

std::uint32_t engine::recover_all() noexcept {
  std::uint32_t found = 0;
  for (slot_index i = 0; i < image_.sizes().participants; ++i) {
    if (is_dead(i)) {
      recover(i);
      ++found;
    }
  }
  return found;
}

bool engine::recover_lane(lane_index index, phases which) noexcept {
  auto* const record = image_.lane(index);
  if (record == nullptr) return false;
  const lane_word word{record->word.load(std::memory_order_acquire)};
  if (word.state() != lane_state::leased || word.participant_plus_one() == 0) {
    return false;
  }
  const slot_index slot = word.participant_plus_one() - 1;
  if (!is_dead(slot)) return false;
  recover(slot, which);
  return true;
}

bool engine::recover_holder(lock_word word, phases which) noexcept {
  return word.locked() && word.lane_plus_one() != 0 &&
         recover_lane(word.lane_plus_one() - 1, which);
}

lane_index engine::find_guard(offset root, lane_index self) const noexcept {
  const auto count = image_.lane_count();
  auto found = no_guard;
  for (lane_index i = 0; i < count; ++i) {
    auto* const record = image_.lane(i);
    if (record == nullptr) continue;
    for (const auto& cell : record->guards) {
      // acquire, pairs with the release that ends a guard: its reads are done.
      if (cell.load(std::memory_order_acquire) != root) continue;
      if (i == self) return own_guard;
      found = i;
    }
  }
  return found;
}

std::string engine::lane_text(lane_index index) const {
  auto* const record = image_.lane(index);
  if (record == nullptr) return {};
  const lane_word word{record->word.load(std::memory_order_acquire)};
  if (word.participant_plus_one() == 0) return {};
  const auto who = participant_text(word.participant_plus_one() - 1);
  return who.empty() ? who : " of " + who;
}

std::string engine::participant_text(slot_index index) const {
  if (index >= image_.sizes().participants) return {};
  const auto& slot = image_.slot(index);
  char name[64]{};
  for (std::size_t i = 0; i < slot.name.size(); ++i) {
    const auto bytes = slot.name[i].load(std::memory_order_relaxed);
    std::memcpy(name + 8 * i, &bytes, 8);
  }
  name[63] = '\0';
  const slot_word who{slot.word.load(std::memory_order_relaxed)};
  return "participant " + std::to_string(index) + " (pid " +
         std::to_string(who.pid()) + ", " + name + ")";
}

std::string engine::holder_text(lock_word word) const {
  return word.lane_plus_one() == 0 ? std::string{}
                                   : lane_text(word.lane_plus_one() - 1);
}

std::optional<read_error> engine::await_writer(
    offset root, clock::time_point deadline) noexcept {
  auto& word = image_.root_at(root).lock;
  const auto begun = clock::now();
  lane* mine = nullptr;
  if (writable_) {
    try {
      mine = &my_lane();
    } catch (const write_failed&) {
      mine = nullptr;  // Reads without a lane, as a read-only one does.
    }
  }
  const lock_word now{word.load(std::memory_order_acquire)};
  if (begun >= deadline) return read_error::busy;
  if (!now.locked()) {
    // Gone already, or an odd sequence that nobody will ever settle because
    // somebody scribbled: then the deadline ends it.
    std::this_thread::yield();
    return std::nullopt;
  }
  if (mine == nullptr || mine->open) {
    // Polls: it has no place to be woken at. 50 us is below what a wake costs.
    std::this_thread::sleep_for(50us);
    const auto* const record = now.lane_plus_one() == 0
                                   ? nullptr
                                   : image_.lane(now.lane_plus_one() - 1);
    if (record == nullptr) return std::nullopt;
    const lane_word lease{record->word.load(std::memory_order_acquire)};
    if (lease.state() == lane_state::leased &&
        lease.participant_plus_one() != 0 &&
        is_dead(lease.participant_plus_one() - 1)) {
      if (!writable_) return read_error::writer_dead;
      recover_holder(now);
    }
    return std::nullopt;
  }
  const auto seen = mine->record->park.load(std::memory_order_acquire);
  mine->record->waiting_for.store(root, std::memory_order_relaxed);
  fence::full();  // [wait]
  if (raise_waiters(word, now)) {
    backing_->park(mine->index, mine->record->park, seen,
                   std::min<std::chrono::nanoseconds>(500us, deadline - begun));
    recover_holder(lock_word{word.load(std::memory_order_relaxed)});
  }
  mine->record->waiting_for.store(0, std::memory_order_relaxed);
  return std::nullopt;
}

bool engine::await_change(offset root, std::uint64_t seen,
                          clock::time_point deadline) {
  if (!usable()) return false;
  auto& object = image_.root_at(root);
  auto& lease = my_lease();
  if (!writable_ || (lease.leased == nullptr && find_lane(lease) == nullptr)) {
    // No lane to be woken at: looks every 2 ms, which a person cannot see.
    for (;;) {
      const auto version = object.sequence.load(std::memory_order_acquire);
      if (version != seen && (version & 1U) == 0) return true;
      if (clock::now() >= deadline) return false;
      std::this_thread::sleep_for(2ms);
    }
  }
  auto& mine = *lease.leased;
  for (;;) {
    const auto parked = mine.record->park.load(std::memory_order_acquire);
    mine.record->waiting_for.store(root, std::memory_order_relaxed);
    fence::full();  // [wait]
    const lock_word now{object.lock.load(std::memory_order_relaxed)};
    // The bit may be set on a free lock too: the next writer sees it. When it
    // cannot be raised somebody unlocks just now; then the version has changed,
    // or the short pause below leads back here.
    const bool raised = raise_waiters(object.lock, now);
    const auto version = object.sequence.load(std::memory_order_acquire);
    const auto time = clock::now();
    const bool changed = version != seen && (version & 1U) == 0;
    if (changed || time >= deadline) {
      mine.record->waiting_for.store(0, std::memory_order_relaxed);
      return changed;
    }
    // A bit on a held lock may still be overwritten, by an unlock that was
    // stopped between its look and its store.
    const std::chrono::nanoseconds pause = !raised        ? 50us
                                           : now.locked() ? 10ms
                                                          : 100ms;
    backing_->park(mine.index, mine.record->park, parked,
                   std::min<std::chrono::nanoseconds>(pause, deadline - time));
    if (now.locked()) recover_holder(now);
  }
}

}  // namespace commy::memory
