#include "gateway_host.hpp"
#include "raw_client.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace commy::tests;

TEST_CASE("ten thousand tiny fragments are not one message") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  client.send_bytes(frame_bytes("{", opcode::text, false));
  std::string fragments;
  for (int i = 0; i < 10'000; ++i) {
    fragments += frame_bytes(" ", opcode::continuation, false);
  }
  // Allowed for a message of 1 MiB are twice its bytes; this is as good as
  // nothing, so it goes on until the bound is met.
  bool open = true;
  for (int i = 0; i < 40 && open; ++i)
    open = client.send_bytes(fragments);

  CHECK(client.close_code() == 4003);
}

TEST_CASE("fragments without any bytes are noticed, too") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  client.send_bytes(frame_bytes("", opcode::text, false));
  std::string nothing;
  for (int i = 0; i < 20'000; ++i) {
    nothing += frame_bytes("", opcode::continuation, false);
  }
  bool open = true;
  for (int i = 0; i < 40 && open; ++i)
    open = client.send_bytes(nothing);

  CHECK(client.close_code() == 4003);
}

TEST_CASE("pings are answered, and a flood of them is cut off") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  client.send_frame("are you there", opcode::ping);
  const auto answer = client.next();
  REQUIRE(answer);
  CHECK(answer->what == opcode::pong);
  CHECK(answer->payload == "are you there");

  std::string pings;
  for (int i = 0; i < 20'000; ++i) {
    pings += frame_bytes(std::string(100, 'x'), opcode::ping);
  }
  bool open = true;
  for (int i = 0; i < 20 && open; ++i)
    open = client.send_bytes(pings);
  // It ends, with or without a farewell that gets through.
  CHECK(client.close_code(15s) != 1000);
  ws_client another{host.port(), host.key()};
  CHECK(has(another.ask("sys.ping"), "result"));
}

TEST_CASE("only so many sessions are served at a time") {
  gateway_host host{{.gateway = R"("port": 0, "sessions": 2)"}};
  ws_client first{host.port(), host.key()};
  auto second = std::make_unique<ws_client>(host.port(), host.key());

  ws_client third{host.port()};
  CHECK(third.close_code() == 1013);

  second.reset();
  // A place is free as soon as the server has seen the end of the second.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  bool welcome = false;
  while (!welcome && std::chrono::steady_clock::now() < deadline) {
    ws_client next{host.port()};
    const auto answer = next.ask(
        "hello", R"({"auth":{"kind":"key","key":")" + host.key() + "\"}}");
    welcome = has(answer, "result");
  }
  CHECK(welcome);
}

TEST_CASE("connections that say nothing do not keep others out for long") {
  gateway_host host{{.gateway = R"("port": 0, "sessions": 4)"}};
  std::vector<std::unique_ptr<tcp_client>> silent;
  for (int i = 0; i < 200; ++i) {
    silent.push_back(std::make_unique<tcp_client>(host.port()));
  }
  // Those beyond the limit are closed at once, the others after ten seconds.
  std::size_t closed = 0;
  for (auto& one : silent) {
    const auto got = one->receive(15s);
    if (got && got->empty()) ++closed;
  }
  CHECK(closed == silent.size());
  CHECK(has(get(host.port(), "/healthz"), "HTTP/1.1 200"));
}

TEST_CASE(
    "a page watches less than it may, again and again, and leaves nothing") {
  gateway_host host;
  static_cast<void>(host.prices());
  for (int i = 0; i < 30; ++i) {
    ws_client client{host.port(), host.key()};
    client.ask("watch", R"({"path":"demo/shop/prices"})");
    static_cast<void>(client.event());
  }
  ws_client client{host.port(), host.key()};
  // All thirty had the same feed, and it ends when nobody watches any more.
  CHECK(has(client.ask("sys.info"), R"("feeds":1)"));
  std::string info;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!has(info, R"("feeds":0)") &&
         std::chrono::steady_clock::now() < deadline) {
    info = client.ask("sys.info");
  }
  CHECK(has(info, R"("feeds":0)"));
  CHECK(has(info, R"("sessions":1)"));
}
