#include "gateway_host.hpp"
#include "raw_client.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace commy::tests;

TEST_CASE("list tells the objects and their types") {
  gateway_host host;
  static_cast<void>(host.prices());
  ws_client client{host.port(), host.key()};

  const auto all = client.ask("list");

  CHECK(has(all, R"("path":"demo/shop/prices","type":"hash_map<text, f64>",)"
                 R"("read":true,"watch":true)"));
  CHECK(has(all, R"("path":"demo/$sys/processes")"));
  CHECK_FALSE(has(client.ask("list", R"({"prefix":"demo/$sys/"})"), "prices"));
}

TEST_CASE("get reads a map, and one of its values") {
  gateway_host host;
  auto prices = host.prices();
  prices.insert_or_assign("apple", 0.25).value();
  prices.insert_or_assign("pear", 3).value();
  ws_client client{host.port(), host.key()};

  const auto all = client.ask("get", R"({"path":"demo/shop/prices"})");
  CHECK(has(all, R"("size":2)"));
  CHECK(has(all, R"("pear":3)"));

  CHECK(has(client.ask("get", R"({"path":"demo/shop/prices","key":"pear"})"),
            R"("value":3})"));
  CHECK(has(client.ask("get", R"({"path":"demo/shop/prices","key":"plum"})"),
            R"("code":404)"));
}

TEST_CASE("get reads a part of a queue") {
  gateway_host host;
  auto points = host.points();
  for (int i = 0; i < 10; ++i) {
    points.push_back({.number = i, .x = 0.5}).value();
  }
  ws_client client{host.port(), host.key()};

  const auto part =
      client.ask("get", R"({"path":"demo/shop/points","from":8,"count":1})");

  CHECK(has(part, R"("size":10,"value":[{"number":8,"x":5E-1}])"));
}

TEST_CASE("get reads a struct in a box, and one of its fields") {
  gateway_host host;
  using point_box = commy::shared_box<point>;
  auto box = host.shop().open_or_create<point_box>("origin").value();
  box.set({.number = 7, .x = 2}).value();
  ws_client client{host.port(), host.key()};

  CHECK(has(client.ask("get", R"({"path":"demo/shop/origin"})"),
            R"("value":{"number":7,"x":2})"));
  CHECK(has(client.ask("get", R"({"path":"demo/shop/origin","key":"number"})"),
            R"("value":7})"));
}

TEST_CASE("an answer that would be too large is refused, not sent") {
  gateway_host host;
  using text_map = commy::shared_hash_map<int, commy::shared_string>;
  auto texts = host.shop().open_or_create<text_map>("texts").value();
  for (int i = 0; i < 400; ++i) {
    texts.insert_or_assign(i, std::string(4000, 'x')).value();
  }
  ws_client client{host.port(), host.key()};

  CHECK(
      has(client.ask("get", R"({"path":"demo/shop/texts"})"), R"("code":413)"));
  CHECK(has(client.ask("get", R"({"path":"demo/shop/texts","count":2})"),
            R"("result")"));
}

TEST_CASE("without a right every path is denied alike, there or not") {
  gateway_host host{{.auth = R"("grants": {"demo/other/*": "read watch"})"}};
  static_cast<void>(host.prices());
  ws_client client{host.port(), host.key()};

  for (const auto* const method : {"get", "watch"}) {
    std::string first;
    for (const auto* const path :
         {"demo/shop/prices", "demo/shop/nothing", "demo/nothing/at_all",
          "elsewhere/shop/prices", "$sys/processes", "$sys/nothing"}) {
      auto answer =
          client.ask(method, R"({"path":")" + std::string{path} + "\"}");
      INFO(answer);
      CHECK(has(answer, R"("code":403)"));
      // The same but for the id.
      answer.erase(0, answer.find("\"error\""));
      if (first.empty()) first = answer;
      CHECK(answer == first);
    }
  }
  CHECK(has(client.ask("list"), R"("objects":[])"));
  CHECK(has(client.ask("get", R"({"path":"demo/other/x"})"), R"("code":404)"));
}

TEST_CASE("reading is one right, watching another") {
  gateway_host host{{.auth = R"("grants": {"demo/shop/*": "read"})"}};
  static_cast<void>(host.prices());
  ws_client client{host.port(), host.key()};

  CHECK(
      has(client.ask("get", R"({"path":"demo/shop/prices"})"), R"("result")"));
  const auto answer = client.ask("watch", R"({"path":"demo/shop/prices"})");
  CHECK(has(answer, R"("code":403)"));
  CHECK(has(answer, R"("need":"watch")"));
}

TEST_CASE("a tenant's key opens nothing of another tenant, whatever it says") {
  gateway_host host{{.auth = R"("grants": {"*/*/*": "read watch"})"}};
  ws_client client{host.port(), host.key()};

  CHECK(has(client.ask("get", R"({"path":"other/shop/prices"})"),
            R"("code":403)"));
}

TEST_CASE("an object's name may hold anything, and comes back as text") {
  gateway_host host;
  using number_box = commy::shared_box<int>;
  const std::string name = "<img src=x onerror=alert(1)>\"";
  auto box = host.shop().open_or_create<number_box>(name).value();
  box.set(5).value();
  ws_client client{host.port(), host.key()};

  CHECK(has(client.ask("list"), R"(demo/shop/<img src=x onerror=alert(1)>\")"));
}

TEST_CASE("the host shows who is attached, and how its parts are") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  client.ask("watch", R"({"path":"$sys/processes"})");
  // Heartbeat's first look may still be to come.
  CHECK(has(client.event_with("\"test#"), R"("state":"alive")"));
  CHECK(has(client.ask("get", R"({"path":"$sys/health"})"),
            R"("gateway":{"state":"ready")"));
}

TEST_CASE("alarms that are published are shown") {
  gateway_host host;
  ws_client client{host.port(), host.key()};
  client.ask("watch", R"({"path":"$sys/alarms"})");
  static_cast<void>(client.event_with("\"phase\":\"snap\""));

  host.host().events().alarms.publish({.source = "test",
                                       .what = "cpu",
                                       .raised = true,
                                       .value = 97,
                                       .limit = 90,
                                       .at_ns = 1'700'000'000'000'000'000});

  CHECK(has(client.event_with("\"push\":[{"),
            R"({"source":"test","what":"cpu","raised":true,"value":97,)"
            R"("limit":90,"at_ns":"1700000000000000000"})"));
}
