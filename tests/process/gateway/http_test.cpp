#include "gateway_host.hpp"
#include "raw_client.hpp"
#include <commy/host/module_context.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace {

using namespace commy::tests;

/// A module that promises to say something and says it only when told to.
class quiet_module final : public commy::host_module {
public:
  static std::atomic<commy::module_context*> context;

  commy::result<void, commy::module_error> configure(
      const commy::option_values& /*options*/,
      commy::module_context& given) override {
    context = &given;
    return {};
  }
  commy::result<void, commy::module_error> start() override { return {}; }
  commy::result<void, commy::module_error> stop(
      std::chrono::steady_clock::time_point /*deadline*/) override {
    return {};
  }
};
std::atomic<commy::module_context*> quiet_module::context{nullptr};

const commy::module_description quiet{
    .name = "quiet", .make = [] {
      return std::unique_ptr<commy::host_module>{new quiet_module};
    }};

}  // namespace

TEST_CASE("the page comes with headers that keep others out") {
  gateway_host host;

  const auto page = get(host.port(), "/");

  CHECK(page.starts_with("HTTP/1.1 200"));
  CHECK(has(page, "Content-Type: text/html; charset=utf-8"));
  CHECK(has(page, "Content-Security-Policy: default-src 'self';"));
  CHECK(has(page, "frame-ancestors 'none'"));
  CHECK(has(page, "X-Content-Type-Options: nosniff"));
  CHECK(has(page, "Referrer-Policy: no-referrer"));
  CHECK(has(page, "<!doctype html>"));
}

TEST_CASE("a page that the browser has is not sent again") {
  gateway_host host;
  const auto page = get(host.port(), "/");
  const auto at = page.find("ETag: ") + 6;
  const auto tag = page.substr(at, page.find('\r', at) - at);

  const auto again =
      http(host.port(), "GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: " + tag +
                            "\r\nConnection: close\r\n\r\n");

  CHECK(again.starts_with("HTTP/1.1 304"));
  CHECK_FALSE(has(again, "<!doctype html>"));
}

TEST_CASE("one connection carries several requests") {
  gateway_host host;
  tcp_client client{host.port()};
  client.send(
      "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

  const auto all = client.receive_all();

  CHECK(has(all, "HTTP/1.1 200"));
  CHECK(has(all, "HTTP/1.1 404"));
  CHECK(has(all, "{\"status\":\"ok\"}"));
  CHECK_FALSE(has(all, "<!doctype html>"));
}

TEST_CASE("requests that are not what they should be are refused") {
  gateway_host host;
  const auto refused = [&](const std::string& request,
                           const std::string& code) {
    const auto answer = http(host.port(), request);
    INFO(request.substr(0, 200));
    INFO(answer);
    CHECK(answer.starts_with("HTTP/1.1 " + code));
  };
  refused("POST / HTTP/1.1\r\nHost: x\r\n\r\n", "405");
  refused("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "400");
  refused(
      "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n0\r\n\r\n",
      "400");
  refused(
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400");
  refused("hello\r\n\r\n", "400");
  refused("GET / HTTP/1.1\r\nA: " + std::string(17'000, 'x') + "\r\n\r\n",
          "431");
  refused("GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n", "426");
}

TEST_CASE("a WebSocket from a page elsewhere is refused") {
  gateway_host host;
  const auto answer_to = [&](const std::string& origin) {
    tcp_client client{host.port()};
    client.send(upgrade_request("Origin: " + origin + "\r\n"));
    return client.receive().value_or("nothing");
  };
  const auto own = "http://127.0.0.1:" + std::to_string(host.port());

  CHECK(answer_to(own).starts_with("HTTP/1.1 101"));
  CHECK(answer_to("http://localhost:" + std::to_string(host.port()))
            .starts_with("HTTP/1.1 101"));
  for (const auto& other :
       {std::string{"null"}, std::string{"http://127.0.0.1"},
        std::string{"http://127.0.0.1:1"}, own + ".evil.example",
        "https" + own.substr(4), std::string{"http://evil.example"}}) {
    INFO(other);
    const auto answer = answer_to(other);
    CHECK(answer.starts_with("HTTP/1.1 403"));
    CHECK(has(answer, "gateway.origins"));
  }
}

TEST_CASE("origins that the manifest names may connect") {
  gateway_host host{
      {.gateway = R"("port": 0, "origins": ["https://shop.example"])"}};
  tcp_client client{host.port()};
  client.send(upgrade_request("Origin: https://shop.example\r\n"));

  CHECK(client.receive().value_or("").starts_with("HTTP/1.1 101"));
}

TEST_CASE(
    "a WebSocket that speaks no protocol of ours is told which to speak") {
  gateway_host host;
  const auto answer =
      http(host.port(),
           "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: "
           "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
           "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n\r\n");

  CHECK(answer.starts_with("HTTP/1.1 400"));
  CHECK(has(answer, "commy.v1.json"));
}

TEST_CASE("healthz fails while a module is late, and names it") {
  gateway_host host{{.more = {quiet}}};
  REQUIRE(has(get(host.port(), "/healthz"), "HTTP/1.1 200"));
  auto& context = *quiet_module::context.load();

  context.promise_report(1ms);
  // Bounded by the test's own time: late is late after a millisecond.
  std::string answer;
  while (!has(answer, "HTTP/1.1 503"))
    answer = get(host.port(), "/healthz");
  CHECK(has(answer, R"("name":"quiet","state":"late")"));

  context.promise_report(0ms);
  context.report(commy::health_state::ready);
  CHECK(has(get(host.port(), "/healthz"), "HTTP/1.1 200"));

  context.report(commy::health_state::failed, "out of \"paper\"");
  answer = get(host.port(), "/healthz");
  CHECK(has(answer, "HTTP/1.1 503"));
  CHECK(has(answer, R"("reason":"out of \"paper\"")"));
}
