// commy/actor/observe.hpp: takes the time of handlers and tells the trace.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/message/envelope.hpp>

#include <span>
#include <string>
#include <string_view>

namespace commy::actors {

struct pending_ask;

/// Goes on with the handler that has waited; what it throws comes through.
message::outcome resume_handler(cell& c, const pending_ask& wait);

// What a turn calls instead of the message's `run`, and of the above, when the
// actor's pool is observed. Out of line and not inside `run`'s caller, so that
// turns without it stay as short as they were.
message::outcome run_observed(cell& c, message::envelope& e);
message::outcome resume_observed(cell& c, const pending_ask& wait);

// Each tells the trace of the actor's system, if there is one. Owner only.
void trace_spawned(const cell& c) noexcept;
void trace_failed(const cell& c, std::string_view message,
                  std::string_view reason) noexcept;
void trace_restarted(const cell& c) noexcept;
void trace_stopped(const cell& c,
                   std::span<const std::string> reasons) noexcept;

}  // namespace commy::actors
