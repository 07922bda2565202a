// modules/gateway/web_server.hpp: HTTP and WebSocket, without their library.
#pragma once

#include <commy/base/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace commy::gateway {

enum class listen_error : std::uint8_t {
  bad_address,  // Not an IPv4 or IPv6 address.
  taken,        // Another program listens there.
  no_permission,
  refused,  // Anything else; the detail quotes the system.
};
std::string_view describe(listen_error error) noexcept;

/// Names one WebSocket; never used again.
using connection_id = std::uint64_t;

/// One text message, in two parts so that the second can be shared.
struct message_text {
  std::string head;
  std::shared_ptr<const std::string> tail;  // May be null.

  [[nodiscard]] std::size_t size() const noexcept {
    return head.size() + (tail ? tail->size() : 0);
  }
};

struct page_reply {
  unsigned status = 200;
  std::string_view content_type{};  // A literal.
  std::string body{};
  std::string etag{};  // Empty: not to be cached.
};

/// Decides what the server only carries. All members are called in the server's
/// thread and never throw but for lack of memory.
class web_visitor {
public:
  virtual ~web_visitor() = default;

  /// A GET; `target` is as the client sent it.
  virtual page_reply page(std::string_view target) = 0;
  /// May a page from here open a WebSocket? Asked when Origin is sent.
  virtual bool admits(std::string_view origin) = 0;
  /// False: there are too many. `peer` is the other end's address.
  virtual bool opened(connection_id who, std::string peer) = 0;
  virtual void received(connection_id who, std::string_view text) = 0;
  /// All that was sent has been handed to the system.
  virtual void drained(connection_id who) = 0;
  virtual void closed(connection_id who) = 0;
  /// Once a second.
  virtual void tick() = 0;
};

/// Serves one port from one thread. Beast is behind it, in one source. Threads:
/// `post`, `port` and `stop` are for any, all else is for the server's own.
class web_server {
public:
  struct options {
    std::string address;
    std::uint16_t port = 0;  // 0: any free one.
    std::string websocket_path;
    std::string subprotocol;
    std::size_t connections_max = 0;
    std::size_t message_max = 0;  // Until `set_message_max`.
    std::chrono::seconds stalled_max{};
  };

  /// Opens the port; nobody is served before `run`. `visitor` outlives it.
  static result<std::unique_ptr<web_server>, listen_error> listen(
      const options& how, web_visitor& visitor);
  virtual ~web_server() = default;

  [[nodiscard]] virtual std::uint16_t port() const noexcept = 0;
  /// Starts the thread.
  virtual void run() = 0;
  /// Closes all connections (code 1001) and ends the thread, at `deadline`
  /// without waiting for anybody. What was posted and has not run never will.
  virtual void stop(std::chrono::steady_clock::time_point deadline) = 0;
  virtual void post(std::function<void()> work) = 0;

  /// Queues a message; nothing once the connection closes.
  virtual void send(connection_id who, message_text text) = 0;
  /// Bytes queued and not yet handed to the system.
  [[nodiscard]] virtual std::size_t pending(connection_id who) const = 0;
  virtual void set_message_max(connection_id who, std::size_t bytes) = 0;
  /// Sends what is queued, then closes. `at_once` drops the queue: for those
  /// who do not read it anyway.
  virtual void close(connection_id who, std::uint16_t code,
                     std::string_view reason, bool at_once = false) = 0;
};

}  // namespace commy::gateway
