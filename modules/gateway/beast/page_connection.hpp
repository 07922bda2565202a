// modules/gateway/beast/page_connection.hpp: one HTTP connection.
#pragma once

#include "modules/gateway/beast/server_state.hpp"
#include "modules/gateway/beast/socket_connection.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace commy::gateway {

/// One HTTP connection: requests without a body, one after the other.
class page_connection : public std::enable_shared_from_this<page_connection> {
public:
  page_connection(server_state& owner, tcp::socket socket)
      : owner_{owner}, stream_{std::move(socket)} {}
  ~page_connection();
  void read();
  void cut() { stream_.close(); }

private:
  void answer();
  void upgrade();
  void reply(page_reply what, bool keep);
  void refuse(unsigned status, std::string text) {
    reply({.status = status,
           .content_type = "text/plain; charset=utf-8",
           .body = std::move(text) + "\n"},
          false);
  }

  server_state& owner_;
  stream_type stream_;
  beast::flat_buffer in_{header_max};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  unsigned requests_ = 0;
};

// To send a request, or the next one.
inline constexpr std::chrono::seconds request_deadline{10};
inline constexpr unsigned requests_max = 200;  // On one connection.

inline page_connection::~page_connection() { owner_.pages.erase(this); }

inline void page_connection::read() {
  parser_.emplace();
  parser_->header_limit(header_max);
  stream_.expires_after(request_deadline);
  http::async_read_header(
      stream_, in_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) {
        if (!error) return self->answer();
        // A client that leaves, or says nothing, gets no answer.
        if (error == http::error::header_limit ||
            error == http::error::buffer_overflow) {
          self->refuse(431, "the header is larger than 16 KiB");
        } else if (error.category() ==
                       http::make_error_code(http::error::bad_value)
                           .category() &&
                   error != http::error::end_of_stream &&
                   error != http::error::partial_message) {
          self->refuse(400, "this is not HTTP/1.1");
        }
      });
}

inline void page_connection::answer() {
  const auto& request = parser_->get();
  // Nothing here takes a body. To refuse both ways of announcing one, before
  // anything is read, leaves no room for two readings of where it ends.
  if (request.has_content_length() ||
      request.find(http::field::transfer_encoding) != request.end()) {
    return refuse(400, "requests have no body here");
  }
  if (request.method() != http::verb::get &&
      request.method() != http::verb::head) {
    return refuse(405, "only GET is answered");
  }
  const std::string_view target{request.target().data(),
                                request.target().size()};
  if (target.substr(0, target.find('?')) == owner_.how.websocket_path) {
    return upgrade();
  }
  reply(owner_.visitor.page(target),
        request.keep_alive() && ++requests_ < requests_max);
}

inline void page_connection::upgrade() {
  const auto& request = parser_->get();
  if (!websocket::is_upgrade(request) || in_.size() != 0) {
    return refuse(426, "connect with a WebSocket");
  }
  const auto origin = request.find(http::field::origin);
  if (origin != request.end() &&
      !owner_.visitor.admits(
          {origin->value().data(), origin->value().size()})) {
    return refuse(403,
                  "pages from elsewhere may not connect; the option "
                  "gateway.origins names those that may");
  }
  const auto& wanted = owner_.how.subprotocol;
  http::token_list offered{request[http::field::sec_websocket_protocol]};
  if (!offered.exists({wanted.data(), wanted.size()})) {
    return refuse(400, "ask for the subprotocol " + wanted);
  }
  error_code ignored;
  const auto peer = stream_.socket().remote_endpoint(ignored);
  // The WebSocket has its own timers.
  stream_.expires_never();
  const auto id = owner_.next_id++;
  const auto made =
      std::make_shared<socket_connection>(owner_, id, std::move(stream_));
  owner_.sockets.emplace(id, made);
  made->accept(request, text_of(peer));
}

inline void page_connection::reply(page_reply what, bool keep) {
  const auto& request = parser_->get();
  const auto known = request.find(http::field::if_none_match);
  const bool same = what.status == 200 && !what.etag.empty() &&
                    known != request.end() && known->value() == what.etag;
  response_ = {};
  response_.version(11);
  response_.result(same ? 304 : what.status);
  response_.set(http::field::server, "commy");
  response_.set(
      http::field::content_type,
      beast::string_view{what.content_type.data(), what.content_type.size()});
  response_.set(http::field::cache_control,
                what.etag.empty() ? "no-store" : "no-cache");
  if (!what.etag.empty()) response_.set(http::field::etag, what.etag);
  if (what.status == 405) response_.set(http::field::allow, "GET, HEAD");
  if (what.status == 426) response_.set(http::field::upgrade, "websocket");
  response_.set("Content-Security-Policy",
                "default-src 'self'; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'");
  response_.set("X-Content-Type-Options", "nosniff");
  response_.set("Referrer-Policy", "no-referrer");
  response_.set("Cross-Origin-Opener-Policy", "same-origin");
  response_.set("Cross-Origin-Resource-Policy", "same-origin");
  response_.keep_alive(keep);
  const auto bytes = what.body.size();
  if (!same && request.method() != http::verb::head) {
    response_.body() = std::move(what.body);
  }
  response_.prepare_payload();
  // HEAD tells the size of what GET would send.
  if (request.method() == http::verb::head) response_.content_length(bytes);
  stream_.expires_after(request_deadline);
  http::async_write(
      stream_, response_,
      [self = shared_from_this(), keep](error_code error, std::size_t) {
        if (error) return;
        if (keep) return self->read();
        error_code ignored;
        static_cast<void>(self->stream_.socket().shutdown(
            tcp::socket::shutdown_send, ignored));
      });
}

}  // namespace commy::gateway
