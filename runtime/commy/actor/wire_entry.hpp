// commy/actor/wire_entry.hpp: one message of an actor's protocol, by its bytes.
#pragma once

#include <commy/actor/errors.hpp>
#include <commy/base/result.hpp>
#include <commy/memory/loan_error.hpp>
#include <commy/message/envelope.hpp>
#include <commy/message/message_id.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace commy {

namespace memory {
class engine;
}
namespace actors {
class wire_asker;
}
namespace message {
// Both are defined in loan_field.hpp, without which no message has loans.
template <class M>
class wire_form;
template <class M>
result<M, loan_error> from_wire(std::span<const std::byte> bytes,
                                const std::shared_ptr<memory::engine>& owner);
}  // namespace message

/// Where the loans of a message come from: the attachment whose ring brought
/// it. Null: the message came without any.
using loan_source = std::shared_ptr<memory::engine>;

/// How a message that arrives as bytes becomes one of an actor's own. Made by
/// `messages<...>` beside the receiver's class, so that a message from another
/// process or plugin runs the receiver's code and never the sender's pointer;
/// or, for an actor whose messages are known only at run time, by `raw_entry`.
struct wire_entry {
  message::envelope_ops ops;  // First: a raw handler finds its entry by it.
  message_id id;
  std::uint32_t payload_bytes;  // Of the wire's form.
  std::string_view layout;
  /// Whether a private copy of the bytes is a value; null: all are.
  bool (*accepts)(const std::byte* copy) noexcept;
  /// Of a message with loans: an envelope with the message, whose loans it
  /// adopts. Null: the bytes are the message.
  result<message::envelope*, deliver_error> (*decode)(
      const wire_entry& entry, std::uint32_t generation,
      std::span<const std::byte> bytes,
      const loan_source& loans) noexcept = nullptr;
  /// Of a request whose reply has loans: gives the asker the reply's bytes, and
  /// its loans. Null: it is no request, or the reply is its bytes.
  void (*encode_reply)(void* reply,
                       actors::wire_asker& asker) noexcept = nullptr;
};

/// What an actor with a run-time protocol handles: `void on(wire_message m)`.
/// The bytes live until the handler returns.
struct wire_message {
  message_id id;
  std::span<const std::byte> bytes;
};

}  // namespace commy
