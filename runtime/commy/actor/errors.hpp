// commy/actor/errors.hpp: why a message, a request or a spawn was refused.
#pragma once

#include <cstdint>
#include <string_view>

namespace commy {

enum class tell_error : std::uint8_t {
  mailbox_full,
  stopped,
  out_of_memory,
  cycle,
  inside_handler
};

/// A request gets exactly one answer: its reply, or one of these.
enum class ask_error : std::uint8_t {
  mailbox_full,
  receiver_stopped,
  handler_failed,
  timeout,
  cycle,
  inside_handler,
  out_of_memory
};

enum class spawn_error : std::uint8_t {
  bad_name,
  name_taken,
  constructor_failed,
  too_many_actors,
  stopping,
  supervisor_gave_up,
  pool_too_large,
  unknown_stop_phase,
  thread_failed
};

enum class find_error : std::uint8_t {
  unknown_name,
  other_type,
  unknown_message
};

enum class deliver_error : std::uint8_t {
  unknown_name,
  unknown_message,
  wrong_size,
  invalid_bytes,
  mailbox_full,
  stopped,
  out_of_memory
};

constexpr std::string_view describe(tell_error e) noexcept {
  switch (e) {
    case tell_error::mailbox_full:
      return "the receiver's mailbox is full; send less, or later";
    case tell_error::stopped:
      return "the receiver has stopped; look up its name again";
    case tell_error::out_of_memory:
      return "no memory left for the message";
    case tell_error::cycle:
      return "the receiver itself waits for this actor, so there can be no "
             "room; make its mailbox larger or tell without waiting";
    case tell_error::inside_handler:
      return "a handler must not block its thread; return a task and co_await "
             "the actor's own tell";
  }
  return "unknown tell error";
}

constexpr std::string_view describe(ask_error e) noexcept {
  switch (e) {
    case ask_error::mailbox_full:
      return "the receiver's mailbox is full; ask less, or later";
    case ask_error::receiver_stopped:
      return "the receiver has stopped without an answer";
    case ask_error::handler_failed:
      return "the receiver's handler failed";
    case ask_error::timeout:
      return "no answer within the time given";
    case ask_error::cycle:
      return "the receiver itself waits for this actor, so no answer can come; "
             "tell instead of ask on one of the ways";
    case ask_error::inside_handler:
      return "a handler must not block its thread; return a task and co_await "
             "the actor's own ask";
    case ask_error::out_of_memory:
      return "no memory left for the request";
  }
  return "unknown ask error";
}

constexpr std::string_view describe(spawn_error e) noexcept {
  switch (e) {
    case spawn_error::bad_name:
      return "an actor's name has at most 128 bytes, none of them a control "
             "character";
    case spawn_error::name_taken:
      return "an actor of this name is alive; stop it first or choose another";
    case spawn_error::constructor_failed:
      return "the actor's constructor threw";
    case spawn_error::too_many_actors:
      return "the system's limit of actors is reached; raise max_actors";
    case spawn_error::stopping:
      return "the actor system is shutting down";
    case spawn_error::supervisor_gave_up:
      return "the supervisor has given up after too many failures; see its "
             "reasons(), and make a new one";
    case spawn_error::pool_too_large:
      return "a pool has at most 1,024 workers";
    case spawn_error::unknown_stop_phase:
      return "system_options::stop_phases has no phase of this name";
    case spawn_error::thread_failed:
      return "the actor's own thread cannot be started";
  }
  return "unknown spawn error";
}

constexpr std::string_view describe(find_error e) noexcept {
  switch (e) {
    case find_error::unknown_name:
      return "no living actor has this name";
    case find_error::other_type:
      return "the actor of this name has another type";
    case find_error::unknown_message:
      return "the actor's protocol does not list this message in this layout; "
             "compare both sides' wire_layout";
  }
  return "unknown find error";
}

constexpr std::string_view describe(deliver_error e) noexcept {
  switch (e) {
    case deliver_error::unknown_name:
      return "no living actor has this name";
    case deliver_error::unknown_message:
      return "the actor's protocol does not list this message in this layout; "
             "compare both sides' wire_layout";
    case deliver_error::wrong_size:
      return "the message has another size than its layout says";
    case deliver_error::invalid_bytes:
      return "the bytes are not a value of the message's type";
    case deliver_error::mailbox_full:
      return "the receiver's mailbox is full; send less, or later";
    case deliver_error::stopped:
      return "the receiver has stopped; look up its name again";
    case deliver_error::out_of_memory:
      return "no memory left for the message";
  }
  return "unknown deliver error";
}

}  // namespace commy
