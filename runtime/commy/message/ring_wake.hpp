// commy/message/ring_wake.hpp: wakes a ring's reader.
#pragma once

#include <commy/memory/engine.hpp>

namespace commy::message {

/// Wakes the reader of `ring` if it sleeps. Of several who call this at once,
/// one makes the system call. Threads and processes: any.
inline void wake_reader(memory::engine& owner,
                        const memory::ring_view& ring) noexcept {
  // Should the one who takes the name die before it wakes, the sweep wakes the
  // reader, or its own bounded nap ends. acq_rel: as [push].
  const auto sleeper =
      ring.header->sleeper.exchange(0, std::memory_order_acq_rel);
  if (sleeper == 0) return;
  const auto lane = static_cast<memory::lane_index>(sleeper - 1);
  if (auto* const record = owner.img().lane(lane)) {
    owner.system().unpark(lane, record->park);
  }
}

}  // namespace commy::message
