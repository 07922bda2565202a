#include "gateway_host.hpp"
#include "raw_client.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <cstddef>
#include <fstream>
#include <string>
#include <thread>

#ifdef __SANITIZE_ADDRESS__
// gcc does not install the header that declares it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

using namespace commy::tests;

namespace {

std::size_t bytes_in_use() {
#ifdef __SANITIZE_ADDRESS__
  // What is freed stays resident for a while, so that its use is noticed.
  return __sanitizer_get_current_allocated_bytes();
#else
  std::ifstream file{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * 4096;
#endif
}

}  // namespace

TEST_CASE("a watch begins with everything and goes on with what changed") {
  gateway_host host;
  auto prices = host.prices();
  prices.insert_or_assign("apple", 1).value();
  prices.insert_or_assign("pear", 2).value();
  ws_client client{host.port(), host.key()};

  const auto begun = client.ask("watch", R"({"path":"demo/shop/prices"})");
  CHECK(has(begun, R"("w":1,"how":"entries","type":"hash_map<text, f64>")"));
  const auto snapshot = client.event();
  CHECK(has(snapshot, R"("method":"watch.event","params":{"w":1,)"
                      R"("phase":"snap")"));
  CHECK(has(snapshot, R"("apple":1)"));
  CHECK(has(snapshot, R"("more":false)"));

  prices.insert_or_assign("apple", 5).value();
  const auto changed = client.event();
  CHECK(has(changed, R"("phase":"live")"));
  CHECK(has(changed, R"("set":{"apple":5},"gone":[])"));

  prices.erase("pear").value();
  CHECK(has(client.event(), R"("set":{},"gone":["pear"])"));
}

TEST_CASE("a watched queue tells what came and went") {
  gateway_host host;
  auto points = host.points();
  for (int i = 0; i < 100; ++i)
    points.push_back({.number = i}).value();
  ws_client client{host.port(), host.key()};

  client.ask("watch",
             R"({"path":"demo/shop/points","last":2,"fields":["number"]})");
  CHECK(has(client.event(),
            R"("skipped":98,"push":[{"number":98},{"number":99}])"));

  points.push_back({.number = 100}).value();
  CHECK(has(client.event_with("push"), R"("push":[{"number":100}])"));
  points.pop_front().value();
  CHECK(has(client.event_with("drop_front"), R"("drop_front":1)"));
}

TEST_CASE("a transaction over a queue is one event") {
  gateway_host host{{.gateway = R"("port": 0, "max_hz": 1000)"}};
  auto points = host.points();
  ws_client client{host.port(), host.key()};
  client.ask("watch", R"({"path":"demo/shop/points"})");
  static_cast<void>(client.event());

  for (std::int64_t i = 0; i < 200; i += 2) {
    commy::transact(points, [&](commy::transaction&) {
      points.push_back({.number = i}).value();
      points.push_back({.number = i + 1}).value();
    }).value();
  }

  // Both halves of each pair come in the same event, and none is missing.
  std::int64_t next = 0;
  while (next < 200) {
    const auto event = client.event_with("\"push\":[{");
    std::size_t at = 0;
    std::int64_t in_event = 0;
    while ((at = event.find("\"number\":", at)) != std::string::npos) {
      at += 9;
      CHECK(std::stoll(event.substr(at)) == next);
      ++next;
      ++in_event;
    }
    CHECK(in_event % 2 == 0);
  }
}

TEST_CASE("what is not there cannot be watched") {
  gateway_host host;
  ws_client client{host.port(), host.key()};

  CHECK(has(client.ask("watch", R"({"path":"demo/shop/nothing"})"),
            R"("code":404)"));
  CHECK(has(client.ask("watch", R"({"path":"demo//nothing"})"),
            R"("code":-32602)"));
}

TEST_CASE("after unwatch nothing more is told") {
  gateway_host host;
  auto prices = host.prices();
  ws_client client{host.port(), host.key()};
  client.ask("watch", R"({"path":"demo/shop/prices"})");
  client.ask("watch", R"({"path":"demo/shop/prices"})");
  static_cast<void>(client.event());
  static_cast<void>(client.event());

  CHECK(has(client.ask("unwatch", R"({"w":1})"), R"("result":{})"));
  prices.insert_or_assign("apple", 5).value();

  CHECK(has(client.event(), R"("w":2,)"));
  CHECK(has(client.ask("sys.ping"), R"("result")"));
  CHECK(has(client.ask("unwatch", R"({"w":1})"), R"("code":404)"));
}

TEST_CASE("a session has at most 128 watches") {
  gateway_host host;
  static_cast<void>(host.prices());
  ws_client client{host.port(), host.key()};
  for (int i = 0; i < 128; ++i) {
    REQUIRE(has(client.ask("watch", R"({"path":"demo/shop/prices"})"),
                R"("result")"));
  }
  CHECK(has(client.ask("watch", R"({"path":"demo/shop/prices"})"),
            R"("code":507)"));
}

TEST_CASE("a client that does not read costs a bounded amount of memory") {
  gateway_host host{{.gateway = R"("port": 0, "max_hz": 200)"}};
  using text_map = commy::shared_hash_map<int, commy::shared_string>;
  auto texts = host.shop().open_or_create<text_map>("texts").value();
  const auto write = [&](char c) {
    for (int key = 0; key < 30; ++key) {
      texts.insert_or_assign(key, std::string(8000, c)).value();
    }
  };
  write('a');
  ws_client slow{host.port(), host.key()};
  ws_client quick{host.port(), host.key()};
  slow.ask("watch", R"({"path":"demo/shop/texts"})");
  quick.ask("watch", R"({"path":"demo/shop/texts"})");
  static_cast<void>(quick.event_with("\"more\":false"));

  const auto before = bytes_in_use();
  // Each round is 240 kB for each watcher, all together 36 MB. The quick one
  // takes part in each, so they are not all told together.
  for (int round = 0; round < 150; ++round) {
    write(static_cast<char>('b' + round % 20));
    static_cast<void>(quick.event_with("\"29\":"));
  }
  write('z');
  static_cast<void>(quick.event_with("zzzz"));
  CHECK(bytes_in_use() < before + 16'000'000);

  // When it reads at last, it gets what was queued and then the state of now.
  std::string last;
  while (!has(last, "zzzz"))
    last = slow.event();
  SUCCEED();
}

TEST_CASE("one that never reads is cut off after a while, others go on") {
  // The bound is 30 s; here it is enough that the other client is not held up.
  gateway_host host;
  auto prices = host.prices();
  ws_client stopped{host.port(), host.key()};
  stopped.ask("watch", R"({"path":"demo/shop/prices"})");
  ws_client other{host.port(), host.key()};
  other.ask("watch", R"({"path":"demo/shop/prices"})");
  static_cast<void>(other.event());

  for (int i = 0; i < 20; ++i) {
    prices.insert_or_assign("apple", i + 1).value();
    CHECK(has(other.event(), "\"apple\":" + std::to_string(i + 1)));
  }
}

TEST_CASE("a stopped writer holds up those who read its object alone") {
  gateway_host host;
  auto prices = host.prices();
  auto points = host.points();
  points.push_back({.number = 1}).value();
  ws_client client{host.port(), host.key()};

  // This thread is the writer that does not go on, in a transaction.
  std::string held;
  std::string free;
  commy::transact(prices, [&](commy::transaction&) {
    prices.insert_or_assign("apple", 1).value();
    std::thread reader{[&] {
      free = client.ask("get", R"({"path":"demo/shop/points"})");
      held = client.ask("get", R"({"path":"demo/shop/prices"})");
    }};
    reader.join();
  }).value();

  CHECK(has(free, R"("number":1)"));
  CHECK(has(held, R"("code":423)"));
  CHECK(has(held, R"("retry":true)"));
}
