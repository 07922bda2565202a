// commy/actor/cell_extra.hpp: what most actors have no need of.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/interleaved_set.hpp>
#include <commy/actor/timer_set.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace commy {
struct wire_entry;
}  // namespace commy

namespace commy::actors {

class system_core;
class supervision_state;

/// Makes the actor's object, again at each restart.
class actor_maker {
public:
  virtual ~actor_maker() = default;
  /// The object, as the actor's class. Throws what the constructor throws.
  [[nodiscard]] virtual void* make() = 0;
};

struct cell_extra {
  std::string name;                    // Empty: not in the registry.
  std::unique_ptr<actor_maker> maker;  // Null: never restarted.
  std::shared_ptr<supervision_state> supervisor;
  /// Counts the actor's objects, by which notices for earlier ones are found
  /// out. Owner only.
  std::uint16_t life = 0;
  /// What goes before the mailbox, not handled yet: that others have ended, and
  /// urgent messages. A list; owner only.
  message::envelope* first_up = nullptr;
  message::envelope* last_up = nullptr;  // Of that list, if it has any.
  /// Null until it has some. Owner only.
  std::unique_ptr<interleaved_set> interleaved;
  /// Null until it makes one. Owner only.
  std::unique_ptr<timer_set> timers;
  /// A protocol known at run time only; replaces the one of the class.
  std::span<const wire_entry> wire;
  // relaxed: written by the owner, read by snapshots.
  std::atomic<std::uint32_t> restarts{0};
  // The same; only with `system_options::measure_handlers`.
  std::atomic<std::int64_t> handlers_ns{0};
  std::atomic<std::int64_t> longest_ns{0};
  /// In how many phases from the last it stops; 0: in the last.
  std::uint16_t phases_before_last = 0;
};

/// The phase in which it stops, counted from the last, which is 0.
[[nodiscard]] inline std::uint16_t phase_of(const cell& c) noexcept {
  return c.extra == nullptr ? std::uint16_t{0} : c.extra->phases_before_last;
}

}  // namespace commy::actors
