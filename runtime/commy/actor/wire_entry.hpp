// commy/actor/wire_entry.hpp: one message of an actor's protocol, by its bytes.
#pragma once

#include <commy/message/envelope.hpp>
#include <commy/message/message_id.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace commy {

/// How a message that arrives as bytes becomes one of an actor's own. Made by
/// `messages<...>` beside the receiver's class, so that a message from another
/// process or plugin runs the receiver's code and never the sender's pointer;
/// or, for an actor whose messages are known only at run time, by `raw_entry`.
struct wire_entry {
  message::envelope_ops ops;  // First: a raw handler finds its entry by it.
  message_id id;
  std::uint32_t payload_bytes;
  std::string_view layout;
  /// Whether a private copy of the bytes is a value; null: all are.
  bool (*accepts)(const std::byte* copy) noexcept;
};

/// What an actor with a run-time protocol handles: `void on(wire_message m)`.
/// The bytes live until the handler returns.
struct wire_message {
  message_id id;
  std::span<const std::byte> bytes;
};

}  // namespace commy
