// commy/actor/shelf.hpp: a mailbox that can be reached from both ends.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/overflow.hpp>
#include <commy/actor/send.hpp>
#include <commy/base/blocking.hpp>
#include <commy/message/mailbox.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace commy::actors {

class shelf;

/// A sender that waits for room, and its message. The shelf's lock guards it
/// while it waits.
struct room_wait {
  enum class fate : std::uint8_t { none, waiting, entered, refused };

  message::envelope* e = nullptr;  // The sender's, unless `entered`.
  message::reply_slot slot;        // Is answered when the fate is known.
  shelf* in = nullptr;             // Null: has never waited.
  fate now = fate::none;
  room_wait* before = nullptr;
  room_wait* behind = nullptr;
};

/// Messages that were dropped for room since the owner last asked.
struct drop_count {
  std::string_view message;
  std::uint64_t count;
};

/// The messages of an actor whose overflow policy needs more than a list that
/// only its owner may take from. The actor's `mailbox_inlet` has no room then,
/// so senders come here, and raise `mail` when it was empty. Shelves are never
/// freed, as cells: a late sender finds another actor here, or none, and is
/// refused. Threads: any, but those marked "owner". Cost: a lock.
///
/// Invariants: what is inside is below the bound, but for the last message's
/// bytes; who waits enters in order, before who comes later; a message is
/// inside, or its sender's.
class shelf {
public:
  /// For a new actor, before it is known. Owner.
  void open(const cell_handle& owner, message::room bound, overflow policy);

  /// Takes the message, or leaves it with the caller.
  sent try_put(const cell_handle& to, message::envelope& e) noexcept;
  /// The same, but if it is full, and `overflow::wait`, the message `waits`:
  /// then `w.slot` is answered once it has entered, or is refused.
  sent put_or_wait(const cell_handle& to, room_wait& w) noexcept;
  /// Afterwards `w` does not wait any more, and its fate is sure. False when it
  /// did not before.
  bool withdraw(room_wait& w) noexcept;

  /// The next message, urgent ones first, whose room is free from now on; null
  /// when there is none. Owner.
  [[nodiscard]] message::envelope* take() noexcept;
  /// Nothing enters any more; who waits is refused. Owner.
  void close() noexcept;
  /// Owner.
  [[nodiscard]] std::vector<drop_count> take_drops() noexcept;

  [[nodiscard]] message::room held() const noexcept;
  [[nodiscard]] message::room bound() const noexcept;
  [[nodiscard]] std::uint64_t replaced() const noexcept;

private:
  // Positions grow for ever; the first element of `waiting` is at `first`.
  struct lane {
    std::deque<message::envelope*> waiting;
    std::uint64_t first = 0;
  };
  struct place {
    bool urgent;
    std::uint64_t position;
  };
  /// What a change of the shelf leaves to be done without its lock.
  struct aftermath {
    message::envelope* dropped = nullptr;  // A list.
    bool tell_owner = false;
  };

  sent put_locked(message::envelope& e, aftermath& after);
  bool replace(message::envelope& e, aftermath& after);
  void append(message::envelope& e);
  void drop(message::envelope& e, aftermath& after) noexcept;
  message::envelope* pop_from(lane& from, bool urgent) noexcept;
  std::optional<message::reply_slot> admit_one() noexcept;
  void enlist(room_wait& w) noexcept;
  void unlink(room_wait& w) noexcept;
  [[nodiscard]] bool is_empty() const noexcept;
  static void clean_up(const cell_handle& to, const aftermath& after) noexcept;

  mutable blocking::mutex mutex_;
  cell_handle owner_{};
  bool closed_ = true;
  overflow policy_ = overflow::reject;
  message::room bound_;
  message::room held_;
  std::array<lane, 2> lanes_;  // Urgent ones in the second.
  std::unordered_map<std::uint64_t, place> by_key_;
  std::vector<drop_count> drops_;
  std::uint64_t replaced_ = 0;
  room_wait* first_waiter_ = nullptr;
  room_wait* last_waiter_ = nullptr;
};

/// What an actor's mailbox holds, of either kind, with the message that is
/// being handled unless it came from a shelf; and what it may. Snapshots.
[[nodiscard]] inline message::room held_by(const cell& c) noexcept {
  // acquire, pairs with the release where it is set.
  const auto* const side = c.side.load(std::memory_order_acquire);
  return side == nullptr ? c.inlet.queued() : side->held();
}
[[nodiscard]] inline message::room bound_of(const cell& c) noexcept {
  const auto* const side = c.side.load(std::memory_order_acquire);
  return side == nullptr ? c.inlet.bound() : side->bound();
}

/// From the process's store of shelves. Throws `std::bad_alloc`.
shelf& acquire_shelf();
/// Requires: closed and empty.
void release_shelf(shelf& s) noexcept;

}  // namespace commy::actors
