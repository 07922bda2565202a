// commy/actor/actor_pool.hpp: what gives actors their turns.
#pragma once

#include <commy/actor/cell.hpp>

#include <cstdint>

namespace commy::actors {

class system_core;

/// Takes actors that are ready and runs each for a turn, sooner or later.
/// Threads: any.
class actor_pool {
public:
  enum class kind : std::uint8_t { threads, host, stepped };

  actor_pool(system_core& system, kind what, std::uint32_t turn_messages,
             bool observed) noexcept
      : system_{&system},
        turn_messages_{turn_messages},
        kind_{what},
        observed_{observed} {}
  actor_pool(const actor_pool&) = delete;
  actor_pool& operator=(const actor_pool&) = delete;
  virtual ~actor_pool() = default;

  [[nodiscard]] system_core& system() const noexcept { return *system_; }
  /// What class it is, for calls that a virtual one would make slower by 2 ns.
  [[nodiscard]] kind what() const noexcept { return kind_; }
  /// Messages of one turn.
  [[nodiscard]] std::uint32_t turn_messages() const noexcept {
    return turn_messages_;
  }

  /// Somebody wants the time of handlers, or a trace of them. Here, since each
  /// message looks at it and at the line that it is in.
  [[nodiscard]] bool is_observed() const noexcept { return observed_; }

  /// Queues an actor whose right to run the caller holds. Never fails.
  virtual void schedule(cell& c) noexcept = 0;
  /// Ends what the pool has begun. Nobody may schedule afterwards.
  virtual void stop() noexcept = 0;

private:
  system_core* system_;
  std::uint32_t turn_messages_;
  kind kind_;
  bool observed_;
};

}  // namespace commy::actors
