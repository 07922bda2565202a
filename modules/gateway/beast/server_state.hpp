// modules/gateway/beast/server_state.hpp: what a server's connections share.
#pragma once

#include "modules/gateway/web_server.hpp"

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>

namespace commy::gateway {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using net::ip::tcp;

// This header and its neighbours are parts of web_server.cpp, which alone
// includes them: Beast costs most of a minute wherever it is compiled.

inline constexpr std::uint32_t header_max = 16U << 10U;

/// Counts what comes in, also the bytes of frames that hold nothing: a message
/// in endless tiny fragments would otherwise never be noticed.
class byte_count {
public:
  [[nodiscard]] std::size_t since_message() const noexcept { return bytes_; }
  void message_done() noexcept { bytes_ = 0; }

private:
  friend class beast::rate_policy_access;
  static constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  [[nodiscard]] std::size_t available_read_bytes() const noexcept {
    return unlimited;
  }
  [[nodiscard]] std::size_t available_write_bytes() const noexcept {
    return unlimited;
  }
  void transfer_read_bytes(std::size_t bytes) noexcept { bytes_ += bytes; }
  void transfer_write_bytes(std::size_t) noexcept {}
  void on_timer() noexcept {}

  std::size_t bytes_ = 0;
};
using stream_type = beast::basic_stream<tcp, net::any_io_executor, byte_count>;
using request_type = http::request<http::empty_body>;

inline std::string text_of(const tcp::endpoint& end) {
  return end.address().to_string() + ":" + std::to_string(end.port());
}

class socket_connection;
class page_connection;

/// Touched by the server's thread alone.
struct server_state {
  web_server::options how;
  web_visitor& visitor;
  // Before `io`, whose end drops the last handlers, and with them connections.
  std::unordered_map<connection_id, std::shared_ptr<socket_connection>>
      sockets{};
  std::unordered_map<page_connection*, std::weak_ptr<page_connection>> pages{};
  connection_id next_id = 1;
  net::io_context io{1};
};

}  // namespace commy::gateway
