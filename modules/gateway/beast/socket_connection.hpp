// modules/gateway/beast/socket_connection.hpp: one WebSocket.
#pragma once

#include "modules/gateway/beast/server_state.hpp"

#include <array>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

namespace commy::gateway {

/// One WebSocket. Reads one piece, writes one message, at a time.
class socket_connection
    : public std::enable_shared_from_this<socket_connection> {
public:
  using clock = std::chrono::steady_clock;

  socket_connection(server_state& owner, connection_id id, stream_type stream)
      : owner_{owner}, id_{id}, ws_{std::move(stream)} {}

  void accept(const request_type& request, std::string peer);
  void send(message_text text) {
    if (closing_) return;
    queued_bytes_ += text.size();
    queue_.push_back(std::move(text));
    write();
  }
  [[nodiscard]] std::size_t pending() const noexcept { return queued_bytes_; }
  void set_message_max(std::size_t bytes) {
    message_max_ = bytes;
    ws_.read_message_max(bytes);
  }
  void close(std::uint16_t code, std::string_view reason, bool at_once) {
    if (closing_) return;
    closing_ = true;
    closing_since_ = clock::now();
    reason_ = websocket::close_reason{
        static_cast<websocket::close_code>(code),
        beast::string_view{reason.data(), reason.size()}};
    // What is being written stays; it is the queue's first.
    if (at_once && !queue_.empty()) {
      queue_.erase(queue_.begin() + (writing_ ? 1 : 0), queue_.end());
      queued_bytes_ = writing_ ? queue_.front().size() : 0;
    }
    write();
  }
  void cut() { beast::get_lowest_layer(ws_).close(); }
  void check(clock::time_point now);

private:
  void read();
  void write();
  void piece_read(error_code error);
  void finish();

  server_state& owner_;
  const connection_id id_;
  websocket::stream<stream_type> ws_;
  beast::flat_buffer in_;
  std::deque<message_text> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t message_max_ = 0;
  bool accepted_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool close_sent_ = false;
  bool finished_ = false;
  websocket::close_reason reason_;
  clock::time_point closing_since_{};
  std::optional<clock::time_point> message_since_;
  clock::time_point wrote_at_{};
};

// A silent client is pinged half-way; a page in the background answers.
inline constexpr std::chrono::seconds idle_max{50};
inline constexpr std::chrono::seconds close_max{5};
inline constexpr std::chrono::seconds message_time_max{30};

inline void socket_connection::accept(const request_type& request,
                                      std::string peer) {
  set_message_max(owner_.how.message_max);
  ws_.auto_fragment(false);
  ws_.text(true);
  ws_.set_option(websocket::stream_base::timeout{.handshake_timeout = close_max,
                                                 .idle_timeout = idle_max,
                                                 .keep_alive_pings = true});
  ws_.set_option(websocket::stream_base::decorator(
      [protocol = owner_.how.subprotocol](websocket::response_type& r) {
        r.set(http::field::sec_websocket_protocol, protocol);
      }));
  ws_.async_accept(request, [self = shared_from_this(),
                             peer = std::move(peer)](error_code error) {
    if (error) return self->finish();
    self->accepted_ = true;
    if (!self->owner_.visitor.opened(self->id_, peer)) {
      self->close(1013, "all sessions are taken", true);
    }
    self->read();
  });
}

inline void socket_connection::read() {
  ws_.async_read_some(
      in_, 0,
      [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
        self->piece_read(error);
      });
}

inline void socket_connection::piece_read(error_code error) {
  if (error) return finish();
  if (!ws_.is_message_done()) {
    if (!message_since_) message_since_ = clock::now();
    return read();
  }
  message_since_.reset();
  beast::get_lowest_layer(ws_).rate_policy().message_done();
  if (!ws_.got_text()) {
    close(1003, "only text is spoken here", false);
  } else if (!closing_) {
    const auto bytes = in_.cdata();
    owner_.visitor.received(
        id_, {static_cast<const char*>(bytes.data()), bytes.size()});
  }
  in_.consume(in_.size());
  // A large message must not hold its memory for as long as the session lasts.
  if (in_.capacity() > (64U << 10U)) in_.shrink_to_fit();
  read();
}

inline void socket_connection::write() {
  if (writing_ || !accepted_ || close_sent_) return;
  if (queue_.empty()) {
    if (!closing_) return;
    close_sent_ = true;
    // The read that is under way ends with it.
    ws_.async_close(reason_, [self = shared_from_this()](error_code) {});
    return;
  }
  writing_ = true;
  wrote_at_ = clock::now();
  const auto& next = queue_.front();
  const std::array<net::const_buffer, 2> parts{
      net::buffer(next.head),
      next.tail ? net::buffer(*next.tail) : net::const_buffer{}};
  ws_.async_write(parts,
                  [self = shared_from_this()](error_code error, std::size_t) {
                    self->writing_ = false;
                    if (error) return self->finish();
                    self->queued_bytes_ -= self->queue_.front().size();
                    self->queue_.pop_front();
                    if (self->queue_.empty() && !self->closing_) {
                      self->owner_.visitor.drained(self->id_);
                    }
                    self->write();
                  });
}

inline void socket_connection::check(clock::time_point now) {
  if (closing_ && now - closing_since_ > close_max) return cut();
  // A message may cost its bytes, a header each four kilobytes, and some pings;
  // tiny fragments cost many times that.
  const auto raw = beast::get_lowest_layer(ws_).rate_policy().since_message();
  if (raw > 2 * message_max_ + header_max ||
      (message_since_ && now - *message_since_ > message_time_max)) {
    return close(4003, "too many bytes for a message", true);
  }
  if (writing_ && now - wrote_at_ > owner_.how.stalled_max) {
    close(4001, "too slow", true);
    cut();
  }
}

inline void socket_connection::finish() {
  if (std::exchange(finished_, true)) return;
  closing_ = true;
  cut();
  if (accepted_) owner_.visitor.closed(id_);
  owner_.sockets.erase(id_);
}

}  // namespace commy::gateway
