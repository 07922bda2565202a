// commy/actor/wire_port.hpp: where messages enter that come as bytes.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/errors.hpp>
#include <commy/actor/wire_entry.hpp>
#include <commy/base/result.hpp>

#include <cstddef>
#include <span>

namespace commy {
namespace actors {
struct access;
}  // namespace actors

/// The protocol side of one actor: what the host puts messages of other
/// processes and of plugins into. Made by `actor_system::find_port`. It may be
/// kept; when the actor has stopped it says so, and the name is looked up anew.
class wire_port {
public:
  wire_port(const actors::cell_handle& to,
            std::span<const wire_entry> protocol) noexcept
      : to_{to}, protocol_{protocol} {}

  /// Copies `bytes`, checks the copy, and puts it into the mailbox as the
  /// message `id`. The bytes may come from whom they will: an unknown id,
  /// another size, or bits that are no value of the type are refused, and loans
  /// in it that `loans` cannot adopt; those that it has adopted go back then.
  /// `reply` is who waits for the answer: after success it will be given one,
  /// else it still is the caller's. Fails with `unknown_message` also when
  /// somebody waits and the message is no request. Threads: any. Never blocks.
  /// Cost: as `ref::tell`, and a walk over the protocol.
  result<void, deliver_error> deliver(
      message_id id, std::span<const std::byte> bytes,
      const loan_source& loans = {},
      message::reply_slot reply = {}) const noexcept;

  /// The entry of a message that the actor takes; null when it does not.
  [[nodiscard]] const wire_entry* find(message_id id) const noexcept;

  /// Whose port this is; to be watched.
  [[nodiscard]] const actors::cell_handle& receiver() const noexcept {
    return to_;
  }

  /// The messages the actor takes.
  [[nodiscard]] std::span<const wire_entry> protocol() const noexcept {
    return protocol_;
  }

private:
  friend struct actors::access;
  actors::cell_handle to_;
  std::span<const wire_entry> protocol_;
};

}  // namespace commy
