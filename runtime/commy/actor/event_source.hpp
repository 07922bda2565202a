// commy/actor/event_source.hpp: what brings messages from outside to a pool.
#pragma once

#include <cstddef>

namespace commy {

/// Something outside of an actor system that makes actors ready: an inbox of
/// messages from other processes, say. A pool of workers that has one waits in
/// it instead of merely sleeping, so the thread that a message wakes is the one
/// that runs its actor; see `actor_system::attach`.
///
/// Threads: `poll` and `wait` are called by one of the pool's workers at a
/// time, now this one, now that; `interrupt` by any thread at any time.
class event_source {
public:
  event_source() = default;
  event_source(const event_source&) = delete;
  event_source& operator=(const event_source&) = delete;
  virtual ~event_source() = default;

  /// Hands to their actors what is there, a few dozen messages at most, and
  /// returns how many. Never waits. Actors that become ready by it run on the
  /// calling worker, or on those that it wakes.
  virtual std::size_t poll() noexcept = 0;
  /// Returns when `poll` may find something, after an `interrupt`, or, now and
  /// then, for nothing. Whoever makes `poll` find something ends the wait.
  virtual void wait() noexcept = 0;
  /// Ends the `wait` under way, or else the next one, at once.
  virtual void interrupt() noexcept = 0;
};

}  // namespace commy
