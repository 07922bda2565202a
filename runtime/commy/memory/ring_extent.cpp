// The part of an engine that finds room for its participant's inbox.
#include <commy/memory/engine.hpp>

#include <gsl/gsl>

namespace commy::memory {
namespace {

/// Marks an offset in `participant_slot::ring` as chosen but not yet committed.
/// Offsets are multiples of 4,096.
constexpr std::uint64_t unfinished = 1;

/// Does another extent begin at `at`? All begin where the file ended before, so
/// two that overlap begin at the same place.
bool is_taken(const image& img, slot_index self, std::uint64_t at) noexcept {
  const auto& control = img.control();
  // relaxed: the page lock orders all who add extents.
  const auto steps = control.lane_steps.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < steps && i < control.lane_step_at.size(); ++i) {
    if (control.lane_step_at[i].load(std::memory_order_relaxed) == at) {
      return true;
    }
  }
  for (slot_index s = 0; s < img.sizes().participants; ++s) {
    if (s != self && img.slot(s).ring.load(std::memory_order_relaxed) == at) {
      return true;
    }
  }
  return false;
}

/// Marks that others died with before they committed `at`, which is ours now.
void clear_marks(const image& img, slot_index self, std::uint64_t at) noexcept {
  for (slot_index s = 0; s < img.sizes().participants; ++s) {
    auto& ring = img.slot(s).ring;
    if (s != self &&
        ring.load(std::memory_order_relaxed) == (at | unfinished)) {
      ring.store(0, std::memory_order_relaxed);
    }
  }
}

}  // namespace

ring_view engine::own_ring() noexcept try {
  Expects(writable_);
  if (const auto found = ring_of(image_, slot_)) return found;
  const page_lock lock{*this};
  auto& control = image_.control();
  auto& place = image_.slot(slot_).ring;
  const auto size = ring_bytes(image_.sizes());
  const auto committed = image_.control_committed();
  const auto before = place.load(std::memory_order_relaxed);
  auto at = before & ~unfinished;
  // The slot's last owner may have died in here, on either side of the store
  // that commits the extent. If it had come to pass, the extent is this slot's.
  const bool whole = (before & unfinished) != 0 && at % 4096 == 0 &&
                     at >= extents_at(image_.sizes()) && at <= committed &&
                     size <= committed - at && !is_taken(image_, slot_, at);
  if (!whole) {
    at = align_up(committed, 4096);
    if (at + size > control_capacity(image_.sizes()) ||
        !backing_->extend_control(at + size)) {
      return {};
    }
    clear_marks(image_, slot_, at);
    place.store(at | unfinished, std::memory_order_relaxed);
    fence::compiler();  // Only this process's death needs the order.
    control.committed.store(at + size, std::memory_order_release);
  }
  // release, pairs with the acquire in ring_of(): the file reaches that far.
  // Its bytes are zero, which is an empty ring.
  place.store(at, std::memory_order_release);
  return ring_of(image_, slot_);
} catch (const write_failed&) {
  return {};  // The page lock was not to be had.
}

}  // namespace commy::memory
