// commy/memory/sweep.hpp: repair of what a dead participant left behind.
#pragma once

#include <commy/memory/page_owners.hpp>

#include <cstdint>

namespace commy::memory {

/// What one sweep found.
struct sweep_report {
  std::uint32_t lanes = 0;           // Leases ended.
  std::uint32_t rolled_back = 0;     // Journals found ACTIVE.
  std::uint32_t rolled_forward = 0;  // Journals found COMMITTED.
  std::uint32_t locks = 0;           // Locks released.
  std::uint32_t guards = 0;          // Read guards dropped.
  std::uint32_t loans = 0;           // Loans and bare blocks freed.
  std::uint32_t claims = 0;          // Cells it had claimed in rings, skipped.
  std::uint32_t messages = 0;        // Messages that lay in its ring, dropped.
  bool poisoned = false;             // A journal made no sense.
};

/// First phase: journals, locks, guards and lanes of participant `dead`. Pure:
/// works on the bytes of the image alone, takes no lock, allocates nothing,
/// and may be interrupted anywhere and run again from the start. Its cost is
/// bounded by the dead one's lanes. The caller has the kernel's word that the
/// participant is dead, and is the only one to sweep it.
/// The caller wakes all waiting lanes afterwards.
sweep_report sweep_lanes(const image& img, slot_index dead) noexcept;

/// Second phase, after `sweep_rings` of ring_repair.hpp: loans and bare blocks
/// that `dead` owned or that lay in its ring. Equally pure and restartable; the
/// cost is that of free_owned().
std::uint32_t sweep_loans(const image& img, slot_index dead,
                          owner_search where = owner_search::noted) noexcept;

}  // namespace commy::memory
