#include "modules/gateway/module.hpp"

#include "modules/gateway/hub.hpp"
#include "modules/gateway/system_objects.hpp"
#include <commy/base/log.hpp>
#include <commy/host/messages/segments.hpp>
#include <commy/host/module_context.hpp>
#include <commy/platform/file.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace commy::modules {
namespace {

using namespace std::chrono_literals;
using gateway::hub;
using gateway::listen_error;
using gateway::login_desk;
using gateway::web_server;

constexpr std::array options{
    option{.name = "address",
           .summary = "Where to listen; 127.0.0.1 serves this machine alone, "
                      "0.0.0.0 whoever reaches it, unencrypted",
           .standard = "127.0.0.1"},
    option{.name = "port",
           .kind = option_kind::integer,
           .summary = "0 takes any free one",
           .standard = "7411",
           .minimum = "0",
           .maximum = "65535"},
    option{.name = "origins",
           .kind = option_kind::texts,
           .summary = "Pages from elsewhere that may connect: "
                      "\"https://shop.example\"; the own page always may"},
    option{.name = "address_file",
           .summary = "Gets the page's address, once there is one; relative to "
                      "the manifest, removed at the end"},
    option{.name = "max_hz",
           .kind = option_kind::number,
           .summary = "Events a second of one watch; changes in between are "
                      "told together",
           .standard = "20",
           .minimum = "0.1",
           .maximum = "1000"},
    option{.name = "sessions",
           .kind = option_kind::integer,
           .summary = "WebSockets at a time",
           .standard = "64",
           .minimum = "1",
           .maximum = "4096"},
};
constexpr std::array needs{std::string_view{"allocator"},
                           std::string_view{"auth"}};

constexpr auto report_every = 5s;  // The server's thread does so each second.

std::string in_url(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

bool is_local_or_any(const std::string& address) {
  return address.starts_with("127.") || address == "::1" ||
         address == "0.0.0.0" || address == "::";
}

class gateway_module final : public host_module {
public:
  result<void, module_error> configure(const option_values& values,
                                       module_context& context) override {
    context_ = &context;
    server_options_ = {
        .address = values.text("address"),
        .port = static_cast<std::uint16_t>(values.integer("port")),
        .websocket_path = "/v1/ws",
        .subprotocol = "commy.v1.json",
        .connections_max =
            static_cast<std::size_t>(values.integer("sessions")) +
            gateway::spare_connections,
        .message_max = gateway::message_max_before_hello,
        .stalled_max = gateway::stalled_max};
    hub_options_ = {
        .version = COMMY_VERSION,
        .sessions_max = static_cast<std::size_t>(values.integer("sessions")),
        .max_hz = values.number("max_hz"),
        .health = [&context] { return context.health(); },
        .alive = [&context] { context.report(health_state::ready); }};
    origins_ = values.texts("origins");
    if (values.has("address_file")) {
      address_file_ = context.path_beside_manifest(values.text("address_file"));
    }
    return {};
  }

  result<void, module_error> start() override {
    auto things = open_catalogue();
    if (!things) return unexpected{things.error()};
    hub_ = std::make_unique<hub>(hub_options_, *things);
    auto listening = web_server::listen(server_options_, *hub_);
    if (!listening) {
      return unexpected{module_error::unavailable, listening.error().message()};
    }
    server_ = std::move(*listening);
    auto desk = context_->actors().try_spawn<login_desk>(
        {.name = "commy.gateway.logins", .mailbox_messages = 64},
        context_->actors());
    if (!desk) {
      return unexpected{module_error::failed, desk.error().message()};
    }
    logins_ = *desk;
    hub_->serve_by(*server_, *desk, origins());
    context_->promise_report(report_every);
    server_->run();
    return announce();
  }

  result<void, module_error> stop(
      std::chrono::steady_clock::time_point deadline) override {
    if (announced_) static_cast<void>(platform::remove(address_file_));
    // Half of the time for clients to take their leave.
    const auto now = std::chrono::steady_clock::now();
    if (server_) server_->stop(now + (deadline - now) / 2);
    bool late = false;
    if (logins_) {
      context_->actors().stop(*logins_, stop_mode::now);
      late = !context_->actors().wait_stopped(
          *logins_, std::max(deadline - std::chrono::steady_clock::now(),
                             std::chrono::steady_clock::duration{}));
    }
    if (late) return unexpected{module_error::late, "its actor still works"};
    hub_.reset();
    server_.reset();
    return {};
  }

private:
  result<std::shared_ptr<const gateway::catalogue>, module_error>
  open_catalogue() {
    auto listed = ask_module(context_->actors(), list_segments{}, 2s);
    if (!listed) {
      return unexpected{module_error::unavailable, listed.error().message()};
    }
    auto things =
        std::make_shared<gateway::catalogue>(context_->plan().tenant());
    for (const auto& entry : *listed) {
      auto opened = segment::open(
          entry.name, {.folder = entry.folder, .participant = "host"});
      if (!opened) {
        return unexpected{module_error::unavailable, opened.error().message()};
      }
      things->add(std::move(*opened), entry.service);
    }
    for (auto& [name, own] : gateway::system_objects(*context_)) {
      things->add(std::move(name), std::move(own));
    }
    return std::shared_ptr<const gateway::catalogue>{std::move(things)};
  }

  /// The own page's, by every name it can be reached under, and the others.
  [[nodiscard]] std::vector<std::string> origins() const {
    auto all = origins_;
    const auto port = std::to_string(server_->port());
    const auto add = [&](const std::string& name) {
      all.push_back("http://" + name + ":" + port);
      // Browsers leave the usual port out.
      if (port == "80") all.push_back("http://" + name);
    };
    add(in_url(server_options_.address));
    if (is_local_or_any(server_options_.address)) {
      for (const auto* const name : {"127.0.0.1", "localhost", "[::1]"}) {
        add(name);
      }
    }
    return all;
  }

  result<void, module_error> announce() {
    const bool any =
        server_options_.address == "0.0.0.0" || server_options_.address == "::";
    const auto url = "http://" +
                     (any ? "127.0.0.1" : in_url(server_options_.address)) +
                     ":" + std::to_string(server_->port()) + "/";
    log(log_level::info, "gateway", "the page is at " + url);
    if (address_file_.empty()) return {};
    static_cast<void>(platform::remove(address_file_));
    auto made = platform::file::create(address_file_);
    const auto line = url + "\n";
    if (!made || !made->write_at(0, std::as_bytes(std::span{line}))) {
      return unexpected{module_error::unavailable,
                        address_file_ + " cannot be written"};
    }
    announced_ = true;
    return {};
  }

  module_context* context_ = nullptr;
  web_server::options server_options_;
  hub::options hub_options_;
  std::string address_file_;
  bool announced_ = false;
  std::vector<std::string> origins_;
  std::unique_ptr<hub> hub_;
  std::unique_ptr<web_server> server_;
  std::optional<ref<login_desk>> logins_;
};

}  // namespace

const module_description& gateway() {
  static const module_description description{
      .name = "gateway",
      .summary = "The page, /healthz, and the protocol over WebSocket",
      .needs = needs,
      .options = options,
      .make = [] { return std::unique_ptr<host_module>{new gateway_module}; }};
  return description;
}

}  // namespace commy::modules
