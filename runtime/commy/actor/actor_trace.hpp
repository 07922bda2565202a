// commy/actor/actor_trace.hpp: what a system tells about its actors as it runs.
#pragma once

#include <commy/actor/dead_letters.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace commy {

/// Whom an event is about. The texts live only during the call.
struct traced_actor {
  std::string_view name;  ///< Or "#7": the seventh actor of the system.
  std::string_view type;
  /// Which actor of the system, from 1 on; never used twice, as a name may be.
  std::uint64_t number;
};

/// A handler has had the thread once: to its end, or until it waited.
struct traced_run {
  std::string_view message;
  std::chrono::nanoseconds took;
  /// False: it waits for an answer, and goes on in another run.
  bool finished;
};

/// To be derived from and given to `system_options::trace`; each event that is
/// not overridden is ignored. Events of one actor come in the order in which
/// they happen, one at a time; those of several at the same time. Called on the
/// thread that runs the actor, in the midst of its turn: what takes long here
/// keeps its thread. Threads: any, so members need atomics or locks. Must not
/// wait for an actor; it may tell. Cost: two looks at the clock per run, and
/// the call. Without a trace: one branch per run.
class actor_trace {
public:
  actor_trace() = default;
  actor_trace(const actor_trace&) = delete;
  actor_trace& operator=(const actor_trace&) = delete;
  virtual ~actor_trace() = default;

  /// Its object is made; it takes messages from now on.
  virtual void spawned(const traced_actor&) noexcept {}
  virtual void handled(const traced_actor&, const traced_run&) noexcept {}
  /// `message` is empty when it failed otherwise: in its constructor at a
  /// restart, or by a link. Then it is restarted or stops.
  virtual void failed(const traced_actor&, std::string_view /*message*/,
                      std::string_view /*reason*/) noexcept {}
  /// There is a new object, after the pause.
  virtual void restarted(const traced_actor&) noexcept {}
  /// Its object is gone. Why it failed for good, the last consequence first;
  /// empty when it was stopped.
  virtual void stopped(const traced_actor&,
                       std::span<const std::string> /*reasons*/) noexcept {}
  virtual void dead(const dead_letter&) noexcept {}
};

}  // namespace commy
