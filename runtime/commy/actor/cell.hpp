// commy/actor/cell.hpp: the place an actor lives in, as the runtime sees it.
#pragma once

#include <commy/actor/overflow.hpp>
#include <commy/message/mailbox.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <typeinfo>

namespace commy {
struct wire_entry;
}  // namespace commy

namespace commy::actors {

class actor_pool;
class shelf;
struct cell_extra;
struct pending_ask;
struct promise_base;

/// What the runtime knows about an actor's class. Static.
struct actor_type {
  std::string_view name;
  const std::type_info* id;
  /// Destroys and frees. Passes on what a throwing destructor throws, after
  /// the memory is free.
  void (*destroy)(void* object);
  /// The messages that may come as bytes; null when there are none.
  std::span<const wire_entry> (*protocol)();
};

enum class actor_phase : std::uint8_t {
  starting,     ///< Its constructor runs.
  ready,        ///< Takes messages.
  awaiting,     ///< A handler waits for an answer; no other message is taken.
  backing_off,  ///< It failed; there is no object until the restart.
  stopped
};

/// Three cache lines per actor: one that senders write, two that only the
/// thread running the actor does. Cells are never freed while the program runs
/// and serve one actor after the other, told apart by the mailbox's generation:
/// so a reference needs no count, may be kept for ever, and an actor that is
/// gone is found out, not followed into freed memory.
///
/// "Owner": the thread that holds the right to run the actor, see mailbox.hpp.
struct alignas(64) cell {
  message::mailbox_inlet inlet;
  /// Written while nobody else can reach the cell; read by its owner.
  actor_pool* pool = nullptr;
  /// The number of the ask that this actor waits for, or 0. Who changes it from
  /// the number to 0 has the right to answer: reply, timeout and stop race for
  /// it, and exactly one wins. Numbers are never used twice in one cell.
  std::atomic<std::uint64_t> waiting_ask{0};
  /// The actor asked, while `waiting_ask` is not 0; else meaningless.
  std::atomic<cell*> waiting_on{nullptr};

  alignas(64) message::mailbox_outlet outlet;
  void* object = nullptr;
  /// Name, supervisor and the like; null for a plain actor without a name.
  cell_extra* extra = nullptr;
  /// The message being handled; its payload is alive.
  message::envelope* current = nullptr;
  /// The handler's coroutine while it waits.
  promise_base* root = nullptr;
  /// Written while nobody else can reach the cell; read by its owner.
  const actor_type* type = nullptr;
  /// Where its messages lie if its overflow policy asks for more than a list;
  /// else null. Written by the owner; senders that find no room in the inlet
  /// look here, perhaps late.
  std::atomic<shelf*> side{nullptr};

  alignas(64) pending_ask* awaiting = nullptr;
  std::uint64_t asks = 0;
  static constexpr std::int64_t never =
      std::numeric_limits<std::int64_t>::max();
  static constexpr std::uint32_t unarmed =
      std::numeric_limits<std::uint32_t>::max();
  /// When the wait or the back-off ends, in ns of the steady clock. The owner
  /// writes, the alarm clock reads; see alarm_clock.hpp.
  std::atomic<std::int64_t> deadline{never};
  std::atomic<std::int64_t> alarm_at{never};
  std::uint64_t spawn_number = 0;
  // From here on one writer, the owner; others read snapshots. relaxed
  // throughout: each is a value of its own and orders nothing.
  std::atomic<std::uint64_t> handled{0};
  std::atomic<const message::envelope_ops*> handling{nullptr};
  /// Where the alarm clock has it; written under the clock's lock. `unarmed`
  /// until the actor's first alarm, so that most need no lock at their end.
  std::atomic<std::uint32_t> alarm_index{unarmed};
  std::atomic<actor_phase> phase{actor_phase::stopped};
  std::atomic<bool> closing{false};
  /// Somebody watches, or has watched one that was here before.
  std::atomic<bool> watched{false};
  /// relaxed: written while nobody else can reach the cell; a late sender that
  /// reads the next actor's is refused in the end.
  std::atomic<overflow> when_full{overflow::reject};
};
static_assert(sizeof(cell) == 192);

/// Stands for the receiver of a default-made reference: has never been open.
inline cell nobody{};

/// Which actor in which cell. `nobody`'s generation stays 0, so a default
/// handle is stale from the beginning.
struct cell_handle {
  cell* at = &nobody;
  std::uint32_t generation = 1;

  friend bool operator==(const cell_handle&, const cell_handle&) = default;
};

/// Puts a cell whose right to run the caller has just taken into a run queue.
/// Threads: any.
void schedule(cell& c) noexcept;

/// Raises a signal and wakes the actor; false when it is gone.
bool signal(const cell_handle& to, message::mailbox_signal what) noexcept;

/// The actor whose turn this thread runs; null outside of turns.
[[nodiscard]] cell* current_cell() noexcept;

/// The name, or "#7" for the seventh actor of the system. Owner only.
class cell_name {
public:
  explicit cell_name(const cell& c) noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return text_; }

private:
  char number_[24];
  std::string_view text_;
};

}  // namespace commy::actors
