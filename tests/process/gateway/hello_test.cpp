#include "gateway_host.hpp"
#include "raw_client.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace commy::tests;

namespace {

std::string hello(const std::string& key) {
  return R"({"auth":{"kind":"key","key":")" + key + "\"}}";
}

/// A key that is well-formed and opens nothing here.
std::string foreign_key() {
  static const std::string key = [] {
    const gateway_host other;
    return other.key();
  }();
  return key;
}

}  // namespace

TEST_CASE("who shows a valid key is welcome") {
  gateway_host host;
  ws_client client{host.port()};

  const auto welcome = client.ask("hello", hello(host.key()));

  CHECK(has(welcome, R"("principal":"owner")"));
  CHECK(has(welcome, R"("tenant":"demo")"));
  CHECK(has(welcome, R"("epoch":")"));
  CHECK(has(client.ask("sys.ping"), R"("time_ms":)"));
}

TEST_CASE("a wrong key is refused, and the connection closed") {
  gateway_host host;
  for (const auto& key : {foreign_key(), std::string{"ck_typo"}}) {
    ws_client client{host.port()};

    const auto answer = client.ask("hello", hello(key));

    CHECK(has(answer, R"("code":401)"));
    CHECK(has(answer, R"("name":"UNAUTHENTICATED")"));
    CHECK(has(answer, "this key opens nothing"));
    CHECK(client.close_code() == 4401);
  }
}

TEST_CASE("nothing is done before hello") {
  gateway_host host;
  ws_client client{host.port()};

  for (const auto* const method : {"list", "sys.info", "sys.ping"}) {
    CHECK(has(client.ask(method), R"("code":401)"));
  }
  CHECK(has(client.ask("get", R"({"path":"demo/shop/prices"})"),
            R"("code":401)"));
  CHECK(has(client.ask("watch", R"({"path":"$sys/health"})"), R"("code":401)"));
  CHECK(has(client.ask("hello", R"({"auth":{"kind":"jwt","key":"x"}})"),
            R"("code":-32602)"));
  CHECK(has(client.ask("hello", hello(host.key())), R"("result")"));
  CHECK(has(client.ask("hello", hello(host.key())), R"("code":-32600)"));
}

TEST_CASE("who does not say hello within five seconds is cut off") {
  gateway_host host;
  ws_client silent{host.port()};
  ws_client chatty{host.port()};
  static_cast<void>(chatty.ask("sys.ping"));

  const auto begin = std::chrono::steady_clock::now();
  CHECK(silent.close_code() == 4400);
  const auto took = std::chrono::steady_clock::now() - begin;

  CHECK(took > 3s);
  CHECK(took < 9s);
  CHECK(chatty.close_code() == 4400);
}

TEST_CASE("before hello a message has at most 16 KiB") {
  gateway_host host;
  ws_client client{host.port()};

  client.send_frame(std::string(17'000, ' '));

  CHECK(client.close_code() == 1009);
}

TEST_CASE("after hello a message has at most 1 MiB") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  client.send_frame(std::string(1'000'000, ' '));
  CHECK(has(client.text(), R"("code":-32700)"));
  client.send_frame(std::string(1'100'000, ' '));
  CHECK(client.close_code() == 1009);
}

TEST_CASE("a binary message ends the conversation") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  client.send_frame("{}", opcode::binary);

  CHECK(client.close_code() == 1003);
}

TEST_CASE("text that is not UTF-8 ends the conversation") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  client.send_frame("\xff\xff");

  CHECK(client.close_code() == 1007);
}

TEST_CASE("frames that break the protocol end the conversation") {
  gateway_host host;
  for (const auto& [bytes, what] :
       {std::pair{std::string{"\x81\x02hi", 4}, "not masked"},
        std::pair{std::string{"\xf1\x80\x00\x00\x00\x00", 6}, "reserved bits"},
        std::pair{std::string{"\x83\x80\x00\x00\x00\x00", 6}, "opcode 3"},
        std::pair{std::string{"\x80\x80\x00\x00\x00\x00", 6},
                  "continues nothing"},
        std::pair{std::string{"\x09\x80\x00\x00\x00\x00", 6},
                  "a ping in parts"}}) {
    ws_client client{host.port(), host.key()};
    client.send_bytes(bytes);
    INFO(what);
    CHECK(client.close_code() == 1002);
  }
}

TEST_CASE("a length beyond all bounds ends the conversation") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  client.send_bytes(
      std::string{"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                  "\x00\x00\x00\x00",
                  14});

  CHECK(client.close_code() == 1009);
}
