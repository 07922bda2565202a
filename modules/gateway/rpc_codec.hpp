// modules/gateway/rpc_codec.hpp: requests and replies of commy.v1 as JSON.
#pragma once

#include "modules/gateway/rpc_error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace commy::gateway {

/// A request, taken apart and checked for form: each parameter that is set has
/// the right type, and no unknown one was there.
struct rpc_request {
  /// The id as JSON, to be sent back as it came. Empty: a notification, which
  /// is never answered.
  std::string id{};
  std::string method{};

  std::string path{};
  std::optional<std::string> key{};
  std::optional<std::string> prefix{};
  std::optional<std::uint64_t> from{};
  std::optional<std::uint64_t> count{};
  std::optional<std::uint64_t> last{};
  std::optional<std::uint64_t> watch{};  // "w".
  std::vector<std::string> fields{};
  std::string auth_kind{};
  std::string auth_key{};
  std::string client{};
};

/// What a refused message has told of itself, to answer it as well as can be.
struct rpc_refusal {
  std::string id{};  // "null" when it was not to be found.
  rpc_failure why{};
};

/// Reads one message. It is hostile: nesting is bounded, UTF-8 is checked, a
/// list (JSON-RPC's batch) is refused. Cost: one pass, no allocation for small
/// messages but the answer's own.
std::variant<rpc_request, rpc_refusal> decode_request(std::string_view text);

/// `result` and `id` are JSON already.
std::string encode_reply(std::string_view id, std::string_view result);
std::string encode_failure(std::string_view id, const rpc_failure& why);

}  // namespace commy::gateway
