#include "modules/gateway/hub.hpp"
#include "modules/gateway/json_text.hpp"

#include <algorithm>
#include <utility>

namespace commy::gateway {
namespace {

using clock = std::chrono::steady_clock;

// A page that is loaded again finds its feeds still running.
constexpr auto unused_max = 5s;

}  // namespace

watching* hub::find_watch(connection_id who, std::uint64_t number) {
  auto* const s = find(who);
  if (s == nullptr) return nullptr;
  const auto found = s->watches.find(number);
  return found == s->watches.end() ? nullptr : &found->second;
}

std::uint64_t hub::open_feed(const std::string& key,
                             const std::shared_ptr<source>& found,
                             const std::vector<std::string>& fields) {
  for (const auto& [number, w] : feeds_) {
    if (w.key == key) return number;
  }
  if (feeds_.size() >= feeds_max) return 0;
  const auto number = next_feed_++;
  // Posted in the order they are called, by one thread: in the order of time.
  feed::outlet outlet{
      .event =
          [this, number](feed::tail event) {
            server_->post([this, number, event = std::move(event)] {
              on_event(number, event);
            });
          },
      .snapshot =
          [this, number](feed::joiner joiner, std::vector<feed::tail> pages) {
            server_->post([this, number, joiner, pages = std::move(pages)] {
              on_snapshot(number, joiner, pages);
            });
          },
      .end =
          [this, number](feed::tail event) {
            server_->post([this, number, event = std::move(event)] {
              on_end(number, event);
            });
          }};
  auto& added = feeds_[number];
  added.key = key;
  added.feed =
      std::make_unique<feed>(found, fields, how_.max_hz, std::move(outlet));
  return number;
}

void hub::begin_watch(connection_id who, const rpc_request& asked,
                      const object_path& path,
                      const std::shared_ptr<source>& found) {
  auto key = path.text();
  for (const auto& field : asked.fields)
    key += "\n" + field;
  const auto number = open_feed(key, found, asked.fields);
  if (number == 0) {
    return refuse(who, asked,
                  {rpc_code::quota_exceeded,
                   "64 different things are being watched already"});
  }
  auto& s = sessions_.at(who);
  const auto w = s.next_watch++;
  std::string text = R"({"w":)" + std::to_string(w) + R"(,"how":)";
  append_json(text, describe(found->how()));
  text += R"(,"type":)";
  append_json(text, found->type());
  reply(who, asked, text + "}");
  if (find(who) == nullptr) return;
  auto& added = s.watches[w];
  added.feed_number = number;
  added.last = std::min(asked.last.value_or(elements_standard), elements_max);
  join(who, w, added);
}

void hub::join(connection_id who, std::uint64_t number, watching& to) {
  auto& target = feeds_.at(to.feed_number);
  target.watchers.erase(to.joiner);
  // A snapshot that is on its way for the old number is of no use any more.
  to.joiner = next_joiner_++;
  to.now = watching::stage::joining;
  to.pages.clear();
  to.held.clear();
  target.watchers[to.joiner] = {who, number};
  target.feed->join(to.joiner, to.last);
}

void hub::leave(const watching& left) {
  const auto found = feeds_.find(left.feed_number);
  if (found == feeds_.end()) return;
  found->second.watchers.erase(left.joiner);
  found->second.unused_since = clock::now();
}

void hub::drop_unused_feeds() {
  for (auto at = feeds_.begin(); at != feeds_.end();) {
    const bool used = !at->second.watchers.empty();
    if (used || clock::now() - at->second.unused_since < unused_max) {
      ++at;
      continue;
    }
    // Its end may take as long as a reader waits, so not in this thread. Should
    // the desk be full, the next tick tries again.
    const auto ending =
        std::make_shared<std::unique_ptr<feed>>(std::move(at->second.feed));
    if (desk_->submit([ending] { ending->reset(); })) {
      at = feeds_.erase(at);
    } else {
      at->second.feed = std::move(*ending);
      ++at;
    }
  }
}

void hub::unwatch(connection_id who, session& from, const rpc_request& asked) {
  const auto found =
      asked.watch ? from.watches.find(*asked.watch) : from.watches.end();
  if (found == from.watches.end()) {
    return refuse(who, asked, {rpc_code::not_found, "there is no such watch"});
  }
  leave(found->second);
  from.watches.erase(found);
  reply(who, asked, "{}");
}

void hub::on_event(std::uint64_t number, const feed::tail& event) {
  const auto found = feeds_.find(number);
  if (found == feeds_.end()) return;
  found->second.feed->taken();
  // A copy: a watch that joins again gets another number.
  const auto watchers = found->second.watchers;
  for (const auto& [joiner, to] : watchers) {
    const auto& [who, w] = to;
    if (auto* const watch = find_watch(who, w)) deliver(who, w, *watch, event);
  }
}

void hub::on_snapshot(std::uint64_t number, feed::joiner joiner,
                      std::vector<feed::tail> pages) {
  const auto found = feeds_.find(number);
  if (found == feeds_.end()) return;
  found->second.feed->taken();
  const auto to = found->second.watchers.find(joiner);
  if (to == found->second.watchers.end()) return;
  const auto [who, w] = to->second;
  auto* const watch = find_watch(who, w);
  if (watch == nullptr) return;
  watch->now = watching::stage::snapshot;
  watch->pages.assign(std::make_move_iterator(pages.begin()),
                      std::make_move_iterator(pages.end()));
  advance(who, w, *watch);
}

void hub::on_end(std::uint64_t number, const feed::tail& event) {
  const auto found = feeds_.find(number);
  if (found == feeds_.end()) return;
  const auto watchers = std::exchange(found->second.watchers, {});
  for (const auto& [joiner, to] : watchers) {
    const auto& [who, w] = to;
    auto* const s = find(who);
    if (s == nullptr) continue;
    s->watches.erase(w);
    send_event(who, w, event);
  }
  // Its thread has nothing left to do; who watches again gets a new feed.
  found->second.key.clear();
  found->second.unused_since = {};
}

void hub::deliver(connection_id who, std::uint64_t number, watching& to,
                  const feed::tail& event) {
  switch (to.now) {
    case watching::stage::joining:
    case watching::stage::behind:
      return;  // The snapshot will have it.
    case watching::stage::snapshot:
      if (event != nullptr && to.held.size() < held_events_max) {
        to.held.push_back(event);
        return;
      }
      break;
    case watching::stage::live:
      if (event != nullptr && server_->pending(who) < outbox_soft) {
        send_event(who, number, event);
        return;
      }
      break;
  }
  // Too slow, or no difference can be told: from the beginning, as soon as the
  // client has read what is queued.
  to.now = watching::stage::behind;
  to.pages.clear();
  to.held.clear();
  if (server_->pending(who) == 0) join(who, number, to);
}

void hub::advance(connection_id who, std::uint64_t number, watching& to) {
  while (!to.pages.empty() && server_->pending(who) < outbox_soft) {
    send_event(who, number, to.pages.front());
    to.pages.pop_front();
  }
  if (!to.pages.empty()) return;
  to.now = watching::stage::live;
  for (auto held = std::exchange(to.held, {}); !held.empty();
       held.pop_front()) {
    deliver(who, number, to, held.front());
  }
}

void hub::drained(connection_id who) {
  auto* const s = find(who);
  if (s == nullptr) return;
  for (auto& [number, watch] : s->watches) {
    if (watch.now == watching::stage::snapshot) advance(who, number, watch);
    if (watch.now == watching::stage::behind) join(who, number, watch);
  }
}

void hub::send_event(connection_id who, std::uint64_t number,
                     const feed::tail& event) {
  server_->send(who, {event_head(number), event});
}

}  // namespace commy::gateway
