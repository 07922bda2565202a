// modules/gateway/hub.hpp: sessions, what they ask, and what they watch.
#pragma once

#include "modules/gateway/catalogue.hpp"
#include "modules/gateway/limits.hpp"
#include "modules/gateway/login_desk.hpp"
#include "modules/gateway/reading_desk.hpp"
#include "modules/gateway/rpc_codec.hpp"
#include "modules/gateway/session.hpp"
#include "modules/gateway/web_server.hpp"
#include <commy/host/messages/health.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace commy::gateway {

/// The protocol's server side. Everything happens in the web server's thread;
/// what may wait is done by feeds and the reading desk, which post their
/// results back.
class hub final : public web_visitor {
public:
  struct options {
    std::string version;  // Of Commy.
    std::size_t sessions_max = 64;
    double max_hz = 20;
    /// The health of all parts; the hub itself never waits.
    std::function<std::vector<health_report>()> health;
    /// Called once a second: this thread is alive.
    std::function<void()> alive;
  };

  hub(options how, std::shared_ptr<const catalogue> things);
  hub(const hub&) = delete;
  hub& operator=(const hub&) = delete;
  /// Waits for readings under way. Requires: the server is stopped.
  ~hub() override;

  /// Before the server runs, which outlives the calls of the members below.
  /// `origins` are where pages that may connect come from.
  void serve_by(web_server& server, ref<login_desk> logins,
                std::vector<std::string> origins);

  page_reply page(std::string_view target) override;
  bool admits(std::string_view origin) override;
  bool opened(connection_id who, std::string peer) override;
  void received(connection_id who, std::string_view text) override;
  void drained(connection_id who) override;
  void closed(connection_id who) override;
  void tick() override;

private:
  struct watched {
    std::string key;  // The path, and which fields of it.
    std::unique_ptr<gateway::feed> feed;
    // Who gets its events, by joiner; a session may be there several times.
    std::map<feed::joiner, std::pair<connection_id, std::uint64_t>> watchers;
    std::chrono::steady_clock::time_point unused_since{};
  };

  session* find(connection_id who);
  watching* find_watch(connection_id who, std::uint64_t number);
  void reply(connection_id who, const rpc_request& asked,
             std::string_view result);
  void refuse(connection_id who, const rpc_request& asked,
              const rpc_failure& why);
  void handle(connection_id who, session& from, const rpc_request& asked);
  void hello(connection_id who, session& from, const rpc_request& asked);
  void welcome(connection_id who, const rpc_request& asked,
               const result<authentication, ask_error>& answer);
  void list(connection_id who, session& from, const rpc_request& asked);
  void get(connection_id who, session& from, const rpc_request& asked);
  void watch(connection_id who, session& from, const rpc_request& asked);
  void begin_watch(connection_id who, const rpc_request& asked,
                   const object_path& path,
                   const std::shared_ptr<source>& found);
  void unwatch(connection_id who, session& from, const rpc_request& asked);
  void info(connection_id who, const rpc_request& asked);

  /// The path in a request, or nothing after having refused it: without the
  /// right always DENIED, whether or not there is such an object.
  std::optional<object_path> permitted_path(connection_id who,
                                            const session& from,
                                            const rpc_request& asked,
                                            right wanted);
  /// Has `job` done at the desk, and what it returns in the server's thread.
  using completion = std::function<void()>;
  void at_desk(connection_id who, session& from, const rpc_request& asked,
               std::function<completion()> job);

  /// Finds or starts the feed; 0 when there are too many.
  std::uint64_t open_feed(const std::string& key,
                          const std::shared_ptr<source>& found,
                          const std::vector<std::string>& fields);
  void on_event(std::uint64_t number, const feed::tail& event);
  void on_snapshot(std::uint64_t number, feed::joiner joiner,
                   std::vector<feed::tail> pages);
  void on_end(std::uint64_t number, const feed::tail& event);
  void deliver(connection_id who, std::uint64_t number, watching& to,
               const feed::tail& event);
  void advance(connection_id who, std::uint64_t number, watching& to);
  void join(connection_id who, std::uint64_t number, watching& to);
  void leave(const watching& left);
  void drop_unused_feeds();
  void send_event(connection_id who, std::uint64_t number,
                  const feed::tail& event);

  const options how_;
  const std::shared_ptr<const catalogue> things_;
  const std::string epoch_;
  web_server* server_ = nullptr;
  ref<login_desk> logins_;
  std::vector<std::string> origins_;
  std::unordered_map<connection_id, session> sessions_;
  std::map<std::uint64_t, watched> feeds_;  // At most `feeds_max`.
  std::uint64_t next_feed_ = 1;
  feed::joiner next_joiner_ = 1;
  // Last: its threads are done before what they use goes.
  std::unique_ptr<reading_desk> desk_;
};

}  // namespace commy::gateway
