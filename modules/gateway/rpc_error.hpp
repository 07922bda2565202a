// modules/gateway/rpc_error.hpp: the one table of errors that clients see.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace commy::gateway {

/// JSON-RPC's own codes, and those of HTTP where the meaning is the same.
enum class rpc_code : std::int32_t {
  parse_error = -32700,
  invalid_request = -32600,
  unknown_method = -32601,
  invalid_params = -32602,
  internal = -32603,
  unauthenticated = 401,
  denied = 403,
  not_found = 404,
  too_large = 413,
  locked = 423,
  rate_limited = 429,
  unavailable = 503,
  quota_exceeded = 507,
};

struct rpc_error_entry {
  rpc_code code;
  std::string_view name;  // For programs; never changes.
  bool retry;             // The same request may succeed a little later.
  std::string_view text;  // For people, when there is nothing better to say.
};
const rpc_error_entry& entry_of(rpc_code code) noexcept;

/// A refusal, as it is sent.
struct rpc_failure {
  rpc_code code = rpc_code::internal;
  std::string message{};  // Empty: the table's text.
  std::string need{};     // The right that is missing, of `denied`.
};

/// Close codes beyond those of the WebSocket protocol. What begins with 40..43
/// may be tried again after a pause, 44 needs another key first.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  wrong_kind = 1003,  // Binary messages are not spoken here.
  too_big = 1009,
  internal = 1011,
  try_later = 1013,  // All sessions are taken.
  slow = 4001,       // Did not read what it asked for.
  flooding = 4003,   // Too many bytes for the messages they made.
  no_hello = 4400,
  unauthenticated = 4401,
};

}  // namespace commy::gateway
