#include "modules/gateway/hub.hpp"
#include "modules/gateway/json_text.hpp"

#include <algorithm>
#include <string>

namespace commy::gateway {
namespace {

rpc_failure failure_of(const failure<open_error>& why) {
  if (why == open_error::not_found) return {rpc_code::not_found};
  if (why == open_error::busy) return {rpc_code::locked};
  return {rpc_code::internal, why.message()};
}

rpc_failure failure_of(const failure<read_error>& why) {
  switch (why.code()) {
    case read_error::absent:
      return {rpc_code::not_found, "there is nothing under that key"};
    case read_error::removed:
      return {rpc_code::not_found};
    case read_error::busy:
    case read_error::writer_dead:
      return {rpc_code::locked};
    default:
      return {rpc_code::internal, why.message()};
  }
}

/// What a get has found, as JSON; runs at the desk.
result<std::string, read_error> read_as_json(const rpc_request& asked,
                                             source& from) {
  std::string text = R"({"path":)";
  append_json(text, asked.path);
  text += R"(,"type":)";
  append_json(text, from.type());
  if (asked.key) {
    const auto value = from.get(*asked.key);
    if (!value) return unexpected{value.error()};
    text += R"(,"value":)";
    append_json(text, *value);
    return text + "}";
  }
  source::range part;
  const bool queue = from.how() == shape::queue;
  if (queue) {
    part.from = asked.from.value_or(0);
    part.count =
        std::min(asked.count.value_or(elements_standard), elements_max);
  } else {
    part.count = std::min(asked.count.value_or(entries_max), entries_max);
  }
  const auto found = from.read(part);
  if (!found) return unexpected{found.error()};
  text += R"(,"version":)" + std::to_string(found->version);
  if (queue || found->last != 0) {
    text += R"(,"size":)" + std::to_string(found->last - found->first);
  }
  text += R"(,"value":)";
  append_json(text, found->value);
  return text + "}";
}

}  // namespace

std::optional<object_path> hub::permitted_path(connection_id who,
                                               const session& from,
                                               const rpc_request& asked,
                                               right wanted) {
  auto path = parse_path(asked.path, things_->tenant());
  if (!path) {
    refuse(who, asked,
           {rpc_code::invalid_params,
            "'path' must be tenant/service/object or $sys/object"});
    return std::nullopt;
  }
  if (path->tenant == things_->tenant() &&
      allows(from.who, wanted, path->text())) {
    return path;
  }
  refuse(who, asked, {rpc_code::denied, "", std::string{describe(wanted)}});
  return std::nullopt;
}

void hub::at_desk(connection_id who, session& from, const rpc_request& asked,
                  std::function<completion()> job) {
  if (from.in_flight >= in_flight_max) {
    return refuse(who, asked, {rpc_code::rate_limited});
  }
  const bool taken = desk_->submit([this, who, work = std::move(job)] {
    completion done;
    try {
      done = work();
    } catch (...) {
      // Counted down in any case; the desk logs it.
      server_->post([this, who] {
        if (auto* const s = find(who)) --s->in_flight;
      });
      throw;
    }
    server_->post([this, who, finish = std::move(done)] {
      auto* const s = find(who);
      if (s == nullptr) return;
      --s->in_flight;
      finish();
    });
  });
  if (!taken) return refuse(who, asked, {rpc_code::rate_limited});
  ++from.in_flight;
}

void hub::get(connection_id who, session& from, const rpc_request& asked) {
  auto path = permitted_path(who, from, asked, right::read);
  if (!path) return;
  at_desk(who, from, asked,
          [this, who, asked, path = std::move(*path)]() -> completion {
            const auto found = things_->find(path);
            if (!found) {
              return [this, who, asked, why = failure_of(found.error())] {
                refuse(who, asked, why);
              };
            }
            auto text = read_as_json(asked, **found);
            if (!text) {
              return [this, who, asked, why = failure_of(text.error())] {
                refuse(who, asked, why);
              };
            }
            return [this, who, asked, text = std::move(*text)] {
              reply(who, asked, text);
            };
          });
}

void hub::list(connection_id who, session& from, const rpc_request& asked) {
  if (from.who.grants.empty()) {
    return refuse(who, asked, {rpc_code::denied, "", "read"});
  }
  at_desk(who, from, asked, [this, who, asked, p = from.who]() -> completion {
    std::string text = R"({"objects":[)";
    bool first = true;
    for (const auto& entry : things_->list()) {
      const auto path = entry.path.text();
      if (asked.prefix && !path.starts_with(*asked.prefix)) continue;
      const bool reads = allows(p, right::read, path);
      const bool watches = allows(p, right::watch, path);
      if (!reads && !watches) continue;
      text += std::exchange(first, false) ? "" : ",";
      text += R"({"path":)";
      append_json(text, path);
      text += R"(,"type":)";
      append_json(text, entry.type);
      text += R"(,"read":)";
      text += reads ? "true" : "false";
      text += R"(,"watch":)";
      text += watches ? "true}" : "false}";
    }
    return [this, who, asked, text = text + "]}"] { reply(who, asked, text); };
  });
}

void hub::info(connection_id who, const rpc_request& asked) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  std::string text = R"({"time_ms":)" + std::to_string(now);
  if (asked.method == "sys.info") {
    text += R"(,"server":"commy","version":)";
    append_json(text, how_.version);
    text += R"(,"epoch":")" + epoch_ + R"(","tenant":)";
    append_json(text, things_->tenant());
    text += R"(,"sessions":)" + std::to_string(sessions_.size());
    text += R"(,"feeds":)" + std::to_string(feeds_.size());
  }
  reply(who, asked, text + "}");
}

void hub::watch(connection_id who, session& from, const rpc_request& asked) {
  auto path = permitted_path(who, from, asked, right::watch);
  if (!path) return;
  if (asked.id.empty()) return;  // Nobody would learn which events are whose.
  if (from.watches.size() >= watches_max) {
    return refuse(
        who, asked,
        {rpc_code::quota_exceeded, "a session has at most 128 watches"});
  }
  at_desk(who, from, asked,
          [this, who, asked, path = std::move(*path)]() -> completion {
            auto found = things_->find(path);
            if (!found) {
              return [this, who, asked, why = failure_of(found.error())] {
                refuse(who, asked, why);
              };
            }
            return [this, who, asked, path, found = std::move(*found)] {
              begin_watch(who, asked, path, found);
            };
          });
}

}  // namespace commy::gateway
