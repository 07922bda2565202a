// commy/actor/tick_time.hpp: the time, as far as ages are measured by it.
#pragma once

#include <commy/base/interleaving.hpp>
#include <commy/platform/tick_clock.hpp>

#include <cstdint>

namespace commy::actors {

/// The steady clock's time at the last tick, in ns: a fifth of the cost, for
/// what is compared with milliseconds and more. In the tests of interleavings
/// theirs.
inline std::int64_t tick_time_ns() noexcept {
#ifdef COMMY_INTERLEAVING
  return interleaving::now_ns();
#else
  return platform::last_tick_ns();
#endif
}

}  // namespace commy::actors
