#include "modules/gateway/rpc_error.hpp"

#include <algorithm>
#include <array>

namespace commy::gateway {
namespace {

constexpr std::array table{
    rpc_error_entry{rpc_code::parse_error, "PARSE_ERROR", false,
                    "the message is not JSON"},
    rpc_error_entry{rpc_code::invalid_request, "INVALID_REQUEST", false,
                    "the message is not a JSON-RPC 2.0 request"},
    rpc_error_entry{rpc_code::unknown_method, "UNKNOWN_METHOD", false,
                    "there is no such method"},
    rpc_error_entry{rpc_code::invalid_params, "INVALID_PARAMS", false,
                    "the parameters are not what the method takes"},
    rpc_error_entry{rpc_code::internal, "INTERNAL", true, "the gateway failed"},
    rpc_error_entry{rpc_code::unauthenticated, "UNAUTHENTICATED", false,
                    "say hello with a valid key first"},
    rpc_error_entry{rpc_code::denied, "DENIED", false,
                    "this key gives no such right here"},
    rpc_error_entry{rpc_code::not_found, "NOT_FOUND", false,
                    "there is no such object"},
    rpc_error_entry{rpc_code::too_large, "TOO_LARGE", false,
                    "the answer would be too large; ask for a part of it"},
    rpc_error_entry{rpc_code::locked, "LOCKED", true,
                    "a writer holds the object and does not go on"},
    rpc_error_entry{rpc_code::rate_limited, "RATE_LIMITED", true,
                    "too many requests wait for their answers"},
    rpc_error_entry{rpc_code::unavailable, "UNAVAILABLE", true,
                    "the gateway cannot do that now"},
    rpc_error_entry{rpc_code::quota_exceeded, "QUOTA_EXCEEDED", false,
                    "a limit is reached"},
};

}  // namespace

const rpc_error_entry& entry_of(rpc_code code) noexcept {
  const auto found = std::ranges::find(table, code, &rpc_error_entry::code);
  // Each code is in the table; should one be forgotten, it is an internal one.
  return found != table.end() ? *found : entry_of(rpc_code::internal);
}

}  // namespace commy::gateway
