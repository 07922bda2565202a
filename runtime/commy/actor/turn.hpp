// commy/actor/turn.hpp: what an actor does between waking and sleeping.
#pragma once

#include <commy/actor/cell.hpp>

namespace commy::actors {

/// Runs the actor for up to 64 messages or 500 us. True: it has more to do, and
/// the caller still holds the right to run it and must schedule it. False: the
/// right has passed on, and the cell may already hold another actor. Requires:
/// the caller holds the right to run. Never throws, whatever handlers do.
[[nodiscard]] bool run_turn(cell& c) noexcept;

/// Ends the construction of an actor: from now on it takes messages. The caller
/// gives up the right to run.
void settle(cell& c) noexcept;

/// Makes this thread appear to be inside an actor's turn.
class turn_scope {
public:
  explicit turn_scope(cell& c) noexcept;
  turn_scope(const turn_scope&) = delete;
  turn_scope& operator=(const turn_scope&) = delete;
  ~turn_scope();

private:
  cell* before_;
};

}  // namespace commy::actors
