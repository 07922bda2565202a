// commy/actor/overflow.hpp: what a full mailbox does with one more message.
#pragma once

#include <cstdint>

namespace commy {

/// A mailbox is full when it holds the messages or the bytes that its actor was
/// given; the last message may go beyond the bytes. Nothing is lost silently:
/// who tells gets the message back, or it is a dead letter, or it is counted as
/// replaced; who asks is answered `mailbox_full`.
///
/// All but `reject` and `stop` need both ends of the mailbox and cost a lock at
/// each message, some 40 ns.
enum class overflow : std::uint8_t {
  reject,  ///< The sender gets it back.
  /// As `reject`, and senders may wait for room in the order they came: a
  /// handler with `co_await tell(to, m, timeout)`, a thread with
  /// `actor_system::tell`.
  wait,
  /// The message that has waited longest is a dead letter, urgent ones last.
  drop_oldest,
  drop_newest,  ///< This one is a dead letter.
  /// A message with a `key()` (an integer, enum or text; noexcept) takes the
  /// place of one of its type and key that has not been handled, also when
  /// there is room. One that finds none, and no room, is rejected.
  latest_by_key,
  stop  ///< The sender gets it back, and the receiver is stopped at once.
};

}  // namespace commy
