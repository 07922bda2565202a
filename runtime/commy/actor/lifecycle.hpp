// commy/actor/lifecycle.hpp: failure, restart and end of an actor.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/errors.hpp>
#include <commy/actor/supervision.hpp>

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>

namespace commy {

/// What `actor::fail` throws.
class actor_failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

namespace actors {

// All functions: owner only. Those that return false have ended the actor; its
// cell may already hold another one.

/// The exception's text, then those of the exceptions nested in it.
reason_chain describe_exception(const std::exception_ptr& thrown);

/// Deals with what the current message's handler threw: answers who asked,
/// drops the message, and has the actor restarted or ends it.
[[nodiscard]] bool fail_current(cell& c,
                                const std::exception_ptr& thrown) noexcept;

/// Ends a back-off: makes the object again.
[[nodiscard]] bool restart(cell& c) noexcept;

/// Ends a message that nobody will handle: tells who asked, or else reports a
/// dead letter. The payload stays.
void bounce(cell& c, message::envelope& e, ask_error why,
            std::string_view text) noexcept;

/// Destroys answers that nobody waits for, linked by `next`.
void drop_envelopes(message::envelope* first) noexcept;

/// Ends the actor. Messages still in its mailbox become dead letters, requests
/// are answered `receiver_stopped`.
void finish(cell& c, const reason_chain& why) noexcept;

/// Runs `make` for the cell, so that the object knows its cell. Throws what the
/// constructor throws.
void construct(cell& c, const std::function<void*()>& make);

/// The cell whose object this thread constructs; null outside.
[[nodiscard]] cell* cell_under_construction() noexcept;

}  // namespace actors
}  // namespace commy
