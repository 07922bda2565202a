#include "raw_client.hpp"

#include <catch2/catch_test_macros.hpp>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace commy::tests {
namespace {

using clock = std::chrono::steady_clock;

// What a test expects and does not get ends it, whatever is going on.
[[noreturn]] void give_up(const std::string& why) {
  throw std::runtime_error{why};
}

bool wait_for(int socket, short event, std::chrono::milliseconds at_most) {
  pollfd what{socket, event, 0};
  return ::poll(&what, 1, static_cast<int>(at_most.count())) == 1;
}

}  // namespace

tcp_client::tcp_client(std::uint16_t port)
    : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket_ < 0) give_up("no socket is left");
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) !=
      0) {
    ::close(socket_);
    give_up("nobody listens on port " + std::to_string(port));
  }
}

tcp_client::~tcp_client() { ::close(socket_); }

bool tcp_client::send(std::string_view bytes,
                      std::chrono::milliseconds at_most) {
  while (!bytes.empty()) {
    if (!wait_for(socket_, POLLOUT, at_most)) return false;
    const auto sent = ::send(socket_, bytes.data(), bytes.size(),
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string> tcp_client::receive(
    std::chrono::milliseconds at_most) {
  if (!wait_for(socket_, POLLIN, at_most)) return std::nullopt;
  std::array<char, 65536> bytes;
  const auto got = ::recv(socket_, bytes.data(), bytes.size(), 0);
  return std::string(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
}

std::string tcp_client::receive_all() {
  std::string all;
  for (;;) {
    const auto some = receive();
    if (!some) give_up("the connection stays open after: " + all);
    if (some->empty()) return all;
    all += *some;
  }
}

std::string http(std::uint16_t port, const std::string& request) {
  tcp_client client{port};
  client.send(request);
  return client.receive_all();
}

std::string upgrade_request(const std::string& more) {
  return "GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
         "Sec-WebSocket-Protocol: commy.v2.cbor, commy.v1.json\r\n" +
         more + "\r\n";
}

std::string frame_bytes(std::string_view payload, opcode what, bool last) {
  std::string bytes;
  const auto put = [&](std::uint64_t byte) {
    bytes += static_cast<char>(byte & 0xffU);
  };
  put((last ? 0x80U : 0U) | static_cast<unsigned>(what));
  const auto size = payload.size();
  if (size < 126) {
    put(0x80U | size);
  } else if (size < 65536) {
    put(0x80U | 126U);
    put(size >> 8U);
    put(size);
  } else {
    put(0x80U | 127U);
    for (int shift = 56; shift >= 0; shift -= 8)
      put(size >> shift);
  }
  constexpr std::array<unsigned, 4> mask{0x12, 0x34, 0x56, 0x78};
  for (const auto byte : mask)
    put(byte);
  for (std::size_t i = 0; i < size; ++i) {
    put(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]);
  }
  return bytes;
}

ws_client::ws_client(std::uint16_t port) : socket_{port} {
  socket_.send(upgrade_request());
  while (in_.find("\r\n\r\n") == std::string::npos) {
    const auto some = socket_.receive();
    if (!some || some->empty()) give_up("no handshake: " + in_);
    in_ += *some;
  }
  if (!in_.starts_with("HTTP/1.1 101")) give_up("refused: " + in_);
  in_.erase(0, in_.find("\r\n\r\n") + 4);
}

ws_client::ws_client(std::uint16_t port, const std::string& key)
    : ws_client{port} {
  const auto welcome =
      ask("hello", R"({"auth":{"kind":"key","key":")" + key + "\"}}");
  if (welcome.find("\"result\"") == std::string::npos) {
    give_up("not welcome: " + welcome);
  }
}

bool ws_client::fill(std::size_t bytes, clock::time_point deadline) {
  while (in_.size() < bytes) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - clock::now());
    const auto some = socket_.receive(std::max(left, 0ms));
    if (!some || some->empty()) return false;
    in_ += *some;
  }
  return true;
}

std::optional<ws_client::frame> ws_client::next(
    std::chrono::milliseconds at_most) {
  const auto deadline = clock::now() + at_most;
  for (;;) {
    if (!fill(2, deadline)) return std::nullopt;
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<unsigned char>(in_[i]));
    };
    // The server sends whole messages, unmasked.
    if ((byte(0) & 0x80U) == 0 || (byte(1) & 0x80U) != 0) {
      give_up("not a frame of this server");
    }
    const auto what = static_cast<opcode>(byte(0) & 0x0fU);
    auto size = byte(1) & 0x7fU;
    std::size_t at = 2;
    if (size >= 126) {
      const std::size_t count = size == 126 ? 2 : 8;
      if (!fill(2 + count, deadline)) return std::nullopt;
      size = 0;
      for (std::size_t i = 0; i < count; ++i)
        size = size << 8U | byte(2 + i);
      at += count;
    }
    if (!fill(at + size, deadline)) return std::nullopt;
    frame got{what, in_.substr(at, size)};
    in_.erase(0, at + size);
    if (what != opcode::ping) return got;
    send_frame(got.payload, opcode::pong);
  }
}

std::string ws_client::text() {
  const auto got = next();
  if (!got || got->what != opcode::text) give_up("no text came");
  return got->payload;
}

std::string ws_client::ask(const std::string& method,
                           const std::string& params) {
  const auto id = std::to_string(next_id_++);
  send_frame(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method +
             R"(","params":)" + params + "}");
  for (;;) {
    auto got = text();
    if (got.find("\"watch.event\"") != std::string::npos) {
      kept_ += got + "\n";
    } else if (got.find("\"id\":" + id + ",") != std::string::npos ||
               got.find("\"id\":null") != std::string::npos) {
      return got;
    }
  }
}

std::string ws_client::event() {
  if (kept_.empty()) {
    for (;;) {
      auto got = text();
      if (got.find("\"watch.event\"") != std::string::npos) return got;
    }
  }
  const auto end = kept_.find('\n');
  auto first = kept_.substr(0, end);
  kept_.erase(0, end + 1);
  return first;
}

std::string ws_client::event_with(const std::string& part) {
  const auto deadline = clock::now() + 20s;
  while (clock::now() < deadline) {
    auto got = event();
    if (got.find(part) != std::string::npos) return got;
  }
  give_up("no event with " + part);
}

std::uint16_t ws_client::close_code(std::chrono::milliseconds at_most) {
  const auto deadline = clock::now() + at_most;
  while (clock::now() < deadline) {
    const auto got = next(std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - clock::now()));
    if (!got) break;
    if (got->what != opcode::close || got->payload.size() < 2) continue;
    // As a client does; the server then ends the connection.
    send_frame(got->payload.substr(0, 2), opcode::close);
    return static_cast<std::uint16_t>(
        static_cast<unsigned char>(got->payload[0]) << 8U |
        static_cast<unsigned char>(got->payload[1]));
  }
  return 0;
}

}  // namespace commy::tests
