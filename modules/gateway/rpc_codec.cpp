#include "modules/gateway/rpc_codec.hpp"

#include "modules/gateway/limits.hpp"

#include <boost/json.hpp>

#include <array>
#include <span>

namespace commy::gateway {
namespace {

namespace json = boost::json;
using namespace std::string_view_literals;

constexpr std::size_t path_max = 64 + 1 + 64 + 1 + 255;
constexpr std::size_t text_max = 1024;  // Of any other text.
constexpr std::uint64_t exact_max = std::uint64_t{1} << 53U;

struct method_form {
  std::string_view name;
  std::span<const std::string_view> parameters;
};
constexpr std::array hello_form{"auth"sv, "client"sv};
constexpr std::array list_form{"prefix"sv};
constexpr std::array get_form{"path"sv, "key"sv, "from"sv, "count"sv};
constexpr std::array watch_form{"path"sv, "last"sv, "fields"sv};
constexpr std::array unwatch_form{"w"sv};
constexpr std::array forms{
    method_form{"hello", hello_form},     method_form{"list", list_form},
    method_form{"get", get_form},         method_form{"watch", watch_form},
    method_form{"unwatch", unwatch_form}, method_form{"sys.ping", {}},
    method_form{"sys.info", {}},
};

struct refused {
  rpc_failure why;
};
[[noreturn]] void refuse(rpc_code code, std::string message = {}) {
  throw refused{{code, std::move(message), {}}};
}
[[noreturn]] void refuse_parameter(std::string_view name,
                                   std::string_view wanted) {
  refuse(rpc_code::invalid_params,
         "'" + std::string{name} + "' must be " + std::string{wanted});
}

std::string text_of(const json::value& value, std::string_view name,
                    std::size_t longest) {
  const auto* text = value.if_string();
  if (text == nullptr || text->size() > longest) {
    refuse_parameter(name,
                     "a text of at most " + std::to_string(longest) + " bytes");
  }
  return std::string{text->data(), text->size()};
}

std::uint64_t number_of(const json::value& value, std::string_view name) {
  if (const auto* n = value.if_int64();
      n != nullptr && *n >= 0 && static_cast<std::uint64_t>(*n) <= exact_max) {
    return static_cast<std::uint64_t>(*n);
  }
  refuse_parameter(name, "a whole number from 0 to 2^53");
}

void read_auth(const json::value& value, rpc_request& into) {
  const auto* auth = value.if_object();
  if (auth == nullptr) refuse_parameter("auth", "an object");
  for (const auto& [name, member] : *auth) {
    if (name == "kind") {
      into.auth_kind = text_of(member, "auth.kind", text_max);
    } else if (name == "key") {
      into.auth_key = text_of(member, "auth.key", text_max);
    } else {
      refuse_parameter("auth", "{\"kind\": \"key\", \"key\": ...}");
    }
  }
}

void read_client(const json::value& value, rpc_request& into) {
  const auto* client = value.if_object();
  if (client == nullptr) refuse_parameter("client", "an object");
  for (const auto& [name, member] : *client) {
    if (name == "name") into.client = text_of(member, "client.name", 64);
  }
}

void read_fields(const json::value& value, rpc_request& into) {
  const auto* list = value.if_array();
  if (list == nullptr || list->empty() || list->size() > fields_max) {
    refuse_parameter("fields", "a list of 1 to 64 texts");
  }
  for (const auto& field : *list) {
    into.fields.push_back(text_of(field, "fields", 255));
  }
}

void read_parameter(std::string_view name, const json::value& value,
                    rpc_request& into) {
  if (name == "path") {
    into.path = text_of(value, name, path_max);
  } else if (name == "key") {
    into.key = text_of(value, name, text_max);
  } else if (name == "prefix") {
    into.prefix = text_of(value, name, path_max);
  } else if (name == "from") {
    into.from = number_of(value, name);
  } else if (name == "count") {
    into.count = number_of(value, name);
  } else if (name == "last") {
    into.last = number_of(value, name);
  } else if (name == "w") {
    into.watch = number_of(value, name);
  } else if (name == "fields") {
    read_fields(value, into);
  } else if (name == "auth") {
    read_auth(value, into);
  } else if (name == "client") {
    read_client(value, into);
  }
}

void read_parameters(const json::value& value, rpc_request& into) {
  const auto* form = std::ranges::find(forms, into.method, &method_form::name);
  if (form == forms.end()) refuse(rpc_code::unknown_method);
  const auto* params = value.if_object();
  if (params == nullptr) {
    refuse(rpc_code::invalid_params, "params must be an object");
  }
  for (const auto& [key, member] : *params) {
    const std::string_view name{key.data(), key.size()};
    if (std::ranges::find(form->parameters, name) == form->parameters.end()) {
      std::string known;
      for (const auto p : form->parameters)
        known += " " + std::string{p};
      refuse(rpc_code::invalid_params,
             into.method + " does not take '" + std::string{name} +
                 "'; it takes" + (known.empty() ? " nothing" : known));
    }
    read_parameter(name, member, into);
  }
}

/// As it is to be sent back; empty when it cannot be an id.
std::string id_text(const json::value& id) {
  if (id.is_int64() || id.is_uint64()) return json::serialize(id);
  if (id.is_string() && id.get_string().size() <= 64) {
    return json::serialize(id);
  }
  return {};
}

std::string utf8_text(std::string_view text) {
  return json::serialize(json::string_view{text.data(), text.size()});
}

}  // namespace

std::variant<rpc_request, rpc_refusal> decode_request(std::string_view text) {
  std::string id = "null";
  try {
    // On the stack: most messages are smaller than this.
    std::array<unsigned char, 4096> first;
    json::monotonic_resource memory{first.data(), first.size()};
    json::parse_options options;
    options.max_depth = nesting_max;
    json::error_code error;
    const auto value =
        json::parse({text.data(), text.size()}, error, &memory, options);
    if (error == json::error::too_deep) {
      refuse(rpc_code::parse_error, "the message is nested deeper than 32");
    }
    if (error) refuse(rpc_code::parse_error);
    const auto* request = value.if_object();
    if (request == nullptr) {
      refuse(rpc_code::invalid_request,
             value.is_array() ? "batches are not taken; send one by one" : "");
    }
    rpc_request into;
    if (const auto* given = request->if_contains("id")) {
      auto known = id_text(*given);
      if (known.empty()) {
        refuse(rpc_code::invalid_request,
               "id must be a whole number or a text of at most 64 bytes");
      }
      id = known;
      into.id = std::move(known);
    }
    const auto* version = request->if_contains("jsonrpc");
    const auto* method = request->if_contains("method");
    if (version == nullptr || !version->is_string() ||
        version->get_string() != "2.0" || method == nullptr ||
        !method->is_string() || method->get_string().size() > 64) {
      refuse(rpc_code::invalid_request);
    }
    into.method = {method->get_string().data(), method->get_string().size()};
    static const json::value none(json::object_kind);
    const auto* params = request->if_contains("params");
    read_parameters(params != nullptr ? *params : none, into);
    return into;
  } catch (refused& r) {
    return rpc_refusal{std::move(id), std::move(r.why)};
  }
}

std::string encode_reply(std::string_view id, std::string_view result) {
  std::string text;
  text.reserve(id.size() + result.size() + 40);
  text.append(R"({"jsonrpc":"2.0","id":)").append(id);
  return text.append(R"(,"result":)").append(result).append("}");
}

std::string encode_failure(std::string_view id, const rpc_failure& why) {
  const auto& entry = entry_of(why.code);
  std::string text{R"({"jsonrpc":"2.0","id":)"};
  text.append(id).append(R"(,"error":{"code":)");
  text += std::to_string(static_cast<std::int32_t>(why.code));
  text += R"(,"message":)";
  text += utf8_text(why.message.empty() ? entry.text
                                        : std::string_view{why.message});
  text.append(R"(,"data":{"name":")").append(entry.name).append("\"");
  text.append(R"(,"retry":)").append(entry.retry ? "true" : "false");
  if (!why.need.empty()) text += R"(,"need":)" + utf8_text(why.need);
  return text += "}}}";
}

}  // namespace commy::gateway
