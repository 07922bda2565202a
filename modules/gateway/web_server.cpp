#include "modules/gateway/web_server.hpp"

#include "modules/gateway/beast/page_connection.hpp"
#include "modules/gateway/beast/socket_connection.hpp"
#include <commy/base/log.hpp>
#include <commy/platform/thread_hint.hpp>

#include <exception>
#include <thread>
#include <utility>

namespace commy::gateway {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

class server final : public web_server {
public:
  server(const options& how, web_visitor& visitor) : state_{how, visitor} {}
  ~server() override { stop(clock::now()); }

  result<void, listen_error> open();
  [[nodiscard]] std::uint16_t port() const noexcept override { return port_; }
  void run() override;
  void stop(clock::time_point deadline) override;
  void post(std::function<void()> work) override {
    net::post(state_.io, std::move(work));
  }
  void send(connection_id who, message_text text) override {
    if (const auto to = find(who)) to->send(std::move(text));
  }
  [[nodiscard]] std::size_t pending(connection_id who) const override {
    const auto to = find(who);
    return to ? to->pending() : 0;
  }
  void set_message_max(connection_id who, std::size_t bytes) override {
    if (const auto to = find(who)) to->set_message_max(bytes);
  }
  void close(connection_id who, std::uint16_t code, std::string_view reason,
             bool at_once) override {
    if (const auto to = find(who)) to->close(code, reason, at_once);
  }

private:
  [[nodiscard]] std::shared_ptr<socket_connection> find(
      connection_id who) const {
    const auto found = state_.sockets.find(who);
    return found == state_.sockets.end() ? nullptr : found->second;
  }
  void accept();
  void tick();

  server_state state_;
  tcp::acceptor acceptor_{state_.io};
  net::steady_timer ticks_{state_.io};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

result<void, listen_error> server::open() {
  error_code error;
  const auto address = net::ip::make_address(state_.how.address, error);
  if (error) return unexpected{listen_error::bad_address, state_.how.address};
  const tcp::endpoint at{address, state_.how.port};
  const auto refuse = [&]() -> unexpected<listen_error> {
    const auto where = text_of(at);
    if (error == net::error::address_in_use) {
      return {listen_error::taken, where};
    }
    if (error == net::error::access_denied) {
      return {listen_error::no_permission, where};
    }
    return {listen_error::refused, where + ": " + error.message()};
  };
  static_cast<void>(acceptor_.open(at.protocol(), error));
  if (error) return refuse();
  // Allows a port whose last owner has just gone, not one that is in use.
  static_cast<void>(
      acceptor_.set_option(net::socket_base::reuse_address{true}, error));
  static_cast<void>(acceptor_.bind(at, error));
  if (error) return refuse();
  static_cast<void>(
      acceptor_.listen(net::socket_base::max_listen_connections, error));
  if (error) return refuse();
  port_ = acceptor_.local_endpoint().port();
  return {};
}

void server::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (error == net::error::operation_aborted) return;
    if (error) {
      // As a rule no descriptor is left; without a pause this would spin.
      log(log_level::warning, "gateway",
          "a connection was not accepted: " + error.message());
      const auto pause = std::make_shared<net::steady_timer>(state_.io, 100ms);
      pause->async_wait([this, pause](error_code) { accept(); });
      return;
    }
    if (state_.sockets.size() + state_.pages.size() <
        state_.how.connections_max) {
      error_code ignored;
      static_cast<void>(socket.set_option(tcp::no_delay{true}, ignored));
      const auto made =
          std::make_shared<page_connection>(state_, std::move(socket));
      state_.pages.emplace(made.get(), made);
      made->read();
    }
    accept();
  });
}

void server::tick() {
  ticks_.expires_after(1s);
  ticks_.async_wait([this](error_code error) {
    if (error) return;
    // A copy: a check may end the connection.
    const auto all = state_.sockets;
    for (const auto& [id, connection] : all)
      connection->check(clock::now());
    state_.visitor.tick();
    tick();
  });
}

void server::run() {
  accept();
  tick();
  thread_ = std::thread{[this] {
    platform::name_this_thread("commy-gateway");
    for (;;) {
      try {
        state_.io.run();
        return;
      } catch (const std::exception& e) {
        // Out of memory in one handler; the others go on.
        log(log_level::error, "gateway", e.what());
      }
    }
  }};
}

void server::stop(clock::time_point deadline) {
  if (!thread_.joinable()) return;
  net::post(state_.io, [this, deadline] {
    error_code ignored;
    static_cast<void>(acceptor_.close(ignored));
    ticks_.cancel();
    for (const auto& [page, connection] : state_.pages) {
      if (const auto alive = connection.lock()) alive->cut();
    }
    const auto all = state_.sockets;
    for (const auto& [id, connection] : all) {
      connection->close(1001, "the host stops", true);
    }
    const auto end = std::make_shared<net::steady_timer>(state_.io);
    const auto check = std::make_shared<std::function<void()>>();
    *check = [this, end, check, deadline] {
      if (state_.sockets.empty() || clock::now() >= deadline) {
        *check = nullptr;
        return state_.io.stop();
      }
      end->expires_after(10ms);
      end->async_wait([check](error_code) {
        // A copy: the call may drop the function it is in.
        if (const auto call = *check) call();
      });
    };
    const auto call = *check;
    call();
  });
  thread_.join();
  for (const auto& [id, connection] : state_.sockets)
    connection->cut();
  state_.sockets.clear();
}

}  // namespace

std::string_view describe(listen_error error) noexcept {
  switch (error) {
    case listen_error::bad_address:
      return "not an address; gateway.address must be one of this machine, for "
             "instance 127.0.0.1 or ::1";
    case listen_error::taken:
      return "another program listens on this port; stop it, or set "
             "gateway.port to another one, or to 0 for any that is free";
    case listen_error::no_permission:
      return "this user may not listen there; set gateway.port to one above "
             "1023";
    case listen_error::refused:
      return "the system refuses to listen there";
  }
  return "unknown listen error";
}

result<std::unique_ptr<web_server>, listen_error> web_server::listen(
    const options& how, web_visitor& visitor) {
  auto made = std::make_unique<server>(how, visitor);
  if (auto done = made->open(); !done) return unexpected{done.error()};
  return std::unique_ptr<web_server>{std::move(made)};
}

}  // namespace commy::gateway
