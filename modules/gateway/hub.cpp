#include "modules/gateway/hub.hpp"

#include "modules/gateway/json_text.hpp"
#include "modules/gateway/page_assets.hpp"
#include <commy/base/log.hpp>
#include <commy/platform/liveness.hpp>

#include <algorithm>
#include <variant>

namespace commy::gateway {
namespace {

using clock = std::chrono::steady_clock;

std::string hex(std::uint64_t number) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) {
    text += "0123456789abcdef"[number >> shift & 15U];
  }
  return text;
}

/// 503 as soon as one part is not ready, so that whoever only looks at the code
/// knows; the body names the parts for people.
page_reply health_page(const std::vector<health_report>& parts) {
  std::string unwell;
  for (const auto& part : parts) {
    if (part.state == health_state::ready) continue;
    unwell += unwell.empty() ? "" : ",";
    unwell += R"({"name":)";
    append_json(unwell, part.name);
    unwell += R"(,"state":)";
    append_json(unwell, describe(part.state));
    unwell += R"(,"reason":)";
    append_json(unwell, part.reason);
    unwell += '}';
  }
  if (unwell.empty()) {
    return {.content_type = "application/json",
            .body = "{\"status\":\"ok\"}\n"};
  }
  return {.status = 503,
          .content_type = "application/json",
          .body = R"({"status":"unwell","parts":[)" + unwell + "]}\n"};
}

}  // namespace

hub::hub(options how, std::shared_ptr<const catalogue> things)
    : how_{std::move(how)},
      things_{std::move(things)},
      epoch_{hex(platform::random_u64())},
      desk_{std::make_unique<reading_desk>(desk_threads, desk_jobs_max)} {}

hub::~hub() {
  desk_.reset();
  feeds_.clear();
}

void hub::serve_by(web_server& server, ref<login_desk> logins,
                   std::vector<std::string> origins) {
  server_ = &server;
  logins_ = logins;
  origins_ = std::move(origins);
}

page_reply hub::page(std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (target == "/healthz") return health_page(how_.health());
  for (const auto& asset : page_assets()) {
    if (asset.target != target) continue;
    return {.content_type = asset.content_type,
            .body = std::string{asset.bytes},
            .etag = std::string{asset.etag}};
  }
  return {.status = 404,
          .content_type = "text/plain; charset=utf-8",
          .body = "There is no such page; the one there is, is at /\n"};
}

bool hub::admits(std::string_view origin) {
  return std::ranges::find(origins_, origin) != origins_.end();
}

bool hub::opened(connection_id who, std::string peer) {
  if (sessions_.size() >= how_.sessions_max) {
    log(log_level::warning, "gateway",
        peer + " refused: all " + std::to_string(how_.sessions_max) +
            " sessions are taken");
    return false;
  }
  session fresh;
  fresh.peer = std::move(peer);
  fresh.opened_at = clock::now();
  sessions_.emplace(who, std::move(fresh));
  return true;
}

void hub::closed(connection_id who) {
  const auto found = sessions_.find(who);
  if (found == sessions_.end()) return;
  for (const auto& [number, left] : found->second.watches)
    leave(left);
  sessions_.erase(found);
}

void hub::tick() {
  const auto now = clock::now();
  for (auto& [who, s] : sessions_) {
    if (s.now == session::stage::silent && now - s.opened_at > hello_deadline) {
      s.now = session::stage::closing;
      server_->close(who, static_cast<std::uint16_t>(close_code::no_hello),
                     "say hello within 5 seconds");
    }
  }
  drop_unused_feeds();
  how_.alive();
}

session* hub::find(connection_id who) {
  const auto found = sessions_.find(who);
  return found == sessions_.end() ||
                 found->second.now == session::stage::closing
             ? nullptr
             : &found->second;
}

void hub::received(connection_id who, std::string_view text) {
  auto* const from = find(who);
  if (from == nullptr) return;
  auto message = decode_request(text);
  if (auto* const bad = std::get_if<rpc_refusal>(&message)) {
    server_->send(who, {encode_failure(bad->id, bad->why), nullptr});
    return;
  }
  handle(who, *from, std::get<rpc_request>(message));
}

void hub::handle(connection_id who, session& from, const rpc_request& asked) {
  if (asked.method == "hello") return hello(who, from, asked);
  if (from.now != session::stage::open) {
    return refuse(who, asked, {rpc_code::unauthenticated});
  }
  if (asked.method == "list") return list(who, from, asked);
  if (asked.method == "get") return get(who, from, asked);
  if (asked.method == "watch") return watch(who, from, asked);
  if (asked.method == "unwatch") return unwatch(who, from, asked);
  // The codec knows no others than sys.info and sys.ping.
  info(who, asked);
}

void hub::reply(connection_id who, const rpc_request& asked,
                std::string_view result) {
  if (asked.id.empty() || find(who) == nullptr) return;
  if (result.size() > reply_max) {
    return refuse(who, asked, {rpc_code::too_large});
  }
  server_->send(who, {encode_reply(asked.id, result), nullptr});
  if (server_->pending(who) > outbox_hard) {
    sessions_.at(who).now = session::stage::closing;
    server_->close(who, static_cast<std::uint16_t>(close_code::slow),
                   "read what you ask for", true);
  }
}

void hub::refuse(connection_id who, const rpc_request& asked,
                 const rpc_failure& why) {
  if (asked.id.empty()) return;
  server_->send(who, {encode_failure(asked.id, why), nullptr});
}

void hub::hello(connection_id who, session& from, const rpc_request& asked) {
  if (from.now != session::stage::silent) {
    return refuse(who, asked,
                  {rpc_code::invalid_request, "hello has been said already"});
  }
  if (asked.auth_kind != "key" || asked.auth_key.empty()) {
    return refuse(who, asked,
                  {rpc_code::invalid_params,
                   "auth must be {\"kind\": \"key\", \"key\": ...}"});
  }
  login question{
      .key = asked.auth_key,
      .origin = from.peer,
      .done = [this, who, asked](result<authentication, ask_error> answer) {
        server_->post([this, who, asked, answer = std::move(answer)] {
          welcome(who, asked, answer);
        });
      }};
  from.now = session::stage::checking;
  if (const auto told = logins_.tell(std::move(question)); !told) {
    from.now = session::stage::silent;
    refuse(who, asked, {rpc_code::rate_limited, "too many keys to check"});
  }
}

void hub::welcome(connection_id who, const rpc_request& asked,
                  const result<authentication, ask_error>& answer) {
  auto* const from = find(who);
  if (from == nullptr) return;
  if (!answer || !answer->accepted) {
    from->now = session::stage::closing;
    const rpc_failure why =
        answer
            ? rpc_failure{rpc_code::unauthenticated, "this key opens nothing"}
            : rpc_failure{rpc_code::unavailable,
                          "keys cannot be checked at the moment"};
    server_->send(
        who,
        {encode_failure(asked.id.empty() ? "null" : asked.id, why), nullptr});
    server_->close(
        who,
        static_cast<std::uint16_t>(answer ? close_code::unauthenticated
                                          : close_code::try_later),
        why.message);
    return;
  }
  from->now = session::stage::open;
  from->who = answer->who;
  server_->set_message_max(who, message_max);
  log(log_level::info, "gateway", from->who.name + " from " + from->peer);
  std::string text = R"({"session":")" + std::to_string(who) + "\"";
  text += R"(,"principal":)";
  append_json(text, from->who.name);
  text += R"(,"tenant":)";
  append_json(text, things_->tenant());
  text += R"(,"server":{"name":"commy","version":)";
  append_json(text, how_.version);
  text += R"(,"epoch":")" + epoch_ + R"("},"limits":{"message_bytes":)";
  text += std::to_string(message_max) + R"(,"watches":)";
  text += std::to_string(watches_max) + R"(,"in_flight":)";
  text += std::to_string(in_flight_max) + "}}";
  reply(who, asked, text);
}

}  // namespace commy::gateway
