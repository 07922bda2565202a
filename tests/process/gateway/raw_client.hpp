// raw_client.hpp: HTTP and WebSocket byte by byte, also as they must not be.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace commy::tests {

using namespace std::chrono_literals;

/// How long to wait for what must happen. Under sanitizers a gateway takes 25
/// us for a fragment, and some tests send 400,000.
inline constexpr std::chrono::milliseconds patience = 60s;

/// A socket to 127.0.0.1. Every wait has a deadline; whatever takes longer
/// fails the test. Threads: one at a time.
class tcp_client {
public:
  explicit tcp_client(std::uint16_t port);
  tcp_client(const tcp_client&) = delete;
  tcp_client& operator=(const tcp_client&) = delete;
  ~tcp_client();

  /// False when the other end has closed. Gives up on an end that does not
  /// read for `at_most`.
  bool send(std::string_view bytes,
            std::chrono::milliseconds at_most = patience);
  /// Some bytes; empty when the other end has closed; nothing when none came.
  std::optional<std::string> receive(
      std::chrono::milliseconds at_most = patience);
  /// All until the other end closes.
  std::string receive_all();

private:
  int socket_ = -1;
};

/// One request, the whole answer.
std::string http(std::uint16_t port, const std::string& request);
inline std::string get(std::uint16_t port, const std::string& target) {
  return http(port, "GET " + target +
                        " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

/// The request that turns a connection into a WebSocket; `more` are headers.
std::string upgrade_request(const std::string& more = {});

enum class opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

/// One frame as a client sends it, masked.
std::string frame_bytes(std::string_view payload, opcode what = opcode::text,
                        bool last = true);

class ws_client {
public:
  struct frame {
    opcode what;
    std::string payload;
  };

  /// Connects and becomes a WebSocket.
  explicit ws_client(std::uint16_t port);
  /// And says hello with `key`.
  ws_client(std::uint16_t port, const std::string& key);

  bool send_frame(std::string_view payload, opcode what = opcode::text,
                  bool last = true) {
    return socket_.send(frame_bytes(payload, what, last));
  }
  bool send_bytes(std::string_view bytes) { return socket_.send(bytes); }

  /// The next frame; answers pings by itself. Nothing when the connection ends
  /// without one.
  std::optional<frame> next(std::chrono::milliseconds at_most = patience);
  /// The next text.
  std::string text();
  /// Asks and waits for the answer; events that come meanwhile are kept.
  std::string ask(const std::string& method, const std::string& params = "{}");
  /// The next event, kept or new.
  std::string event();
  /// Events until one has `part` in it, which is returned.
  std::string event_with(const std::string& part);
  /// The code the connection is closed with; 0 when it just ends.
  std::uint16_t close_code(std::chrono::milliseconds at_most = patience);

private:
  bool fill(std::size_t bytes, std::chrono::steady_clock::time_point deadline);

  tcp_client socket_;
  std::string in_;
  std::string kept_;  // Events, one a line.
  int next_id_ = 1;
};

}  // namespace commy::tests
