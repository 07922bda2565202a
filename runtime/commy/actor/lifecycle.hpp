// commy/actor/lifecycle.hpp: failure, restart and end of an actor.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/cell_extra.hpp>
#include <commy/actor/errors.hpp>
#include <commy/actor/supervision.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace commy {

/// What `actor::fail` throws.
class actor_failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

namespace actors {

// All functions: owner only. Those that return false have ended the actor; its
// cell may already hold another one.

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

/// One of the actor's supervisor failed, and this one is made anew with it: as
/// after a failure, but that the messages it has are none of the reasons. Not
/// if it is about to stop, or to be made anew anyway.
void restart_with_others(cell& c) noexcept;
/// An actor that this one is linked to has failed, and so has this one: as if a
/// handler had thrown.
bool fail_by_link(cell& c, const reason_chain& why) noexcept;
/// Destroys a handled message, and frees it unless the mailbox does.
void end_message(message::envelope& e) noexcept;
/// Destroys envelopes linked by `next`.
void drop_envelopes(message::envelope* first) noexcept;
/// To be handled before the mailbox, once no handler waits alone. False when
/// there is no memory to remember it.
bool try_put_first(cell& c, message::envelope& e) noexcept;
/// Messages that senders have dropped from the actor's shelf are dead letters.
void report_drops(cell& c) noexcept;

/// Why the actor's supervisor has given up, and it with it; else nothing.
[[nodiscard]] reason_chain why_stopped(const cell& c) noexcept;
/// Why one ends whose overflow policy says so.
[[nodiscard]] reason_chain why_full(const cell& c) noexcept;
/// Ends the actor. Messages still in its mailbox become dead letters, requests
/// are answered `receiver_stopped` with `text`.
void finish(cell& c, const reason_chain& why,
            std::string_view text = {}) noexcept;

/// Runs `make` for the cell, so that the object knows its cell. Throws what the
/// constructor throws.
void construct(cell& c, const std::function<void*()>& make);

/// The cell whose object this thread constructs; null outside.
[[nodiscard]] cell* cell_under_construction() noexcept;

}  // namespace actors
}  // namespace commy
