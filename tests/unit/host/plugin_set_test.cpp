#include "collector.hpp"
#include "read_manifest.hpp"
#include <commy/host/plugin_loader.hpp>
#include <commy/host/plugin_set.hpp>
#include <commy/message/wire_type.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>

using namespace std::chrono_literals;

namespace {

const std::string plugins = COMMY_TEST_PLUGINS;

// Finds one number under one handle, and counts who still looks at it.
class one_number : public commy::handle_resolver {
public:
  found resolve(const std::array<std::uint64_t, 2>& handle) override {
    if (handle[0] != 17) return {};
    return {std::as_bytes(std::span{&number_, 1}),
            std::shared_ptr<const void>{
                &number_, [this](const void*) { returned.fetch_add(1); }}};
  }
  std::atomic<int> returned{0};

private:
  std::int64_t number_ = 4711;
};

struct fixture {
  explicit fixture(const std::string& options = "{}",
                   const std::string& actors = R"({"echo": "test.echo"})")
      : plan{*read_manifest(R"({"name": "a", "plugins": [{"id": "test_good",
                "path": "good.so", "options": )" +
                            options + ", \"actors\": " + actors + "}]}")
                  .value} {
    system.spawn<collector>("collector", numbers);
  }

  auto start() {
    return set.start(
        plan, 0,
        commy::host::load_plugin(plugins + "/good.so", "test_good").value());
  }

  template <class M>
  void send(const M& message) {
    CHECK(system.deliver("echo", commy::wire_id<M>(),
                         std::as_bytes(std::span{&message, 1})));
  }
  std::optional<std::int64_t> ask(std::int64_t value, std::uint32_t what) {
    send(test_number{value, what, 0});
    return numbers.next();
  }

  commy::manifest plan;
  number_queue numbers;
  commy::actor_system system;
  std::shared_ptr<one_number> resolver = std::make_shared<one_number>();
  commy::host::plugin_set set{system, resolver, [] { return 99ns; }};
};

}  // namespace

TEST_CASE("the tests' layouts are what the host sees") {
  CHECK(commy::wire_layout<test_number>() == TEST_NUMBER_LAYOUT);
  CHECK(commy::wire_layout<test_loan>() == TEST_HANDLE_LAYOUT);
}

TEST_CASE("a plugin's actor is an actor of the host") {
  fixture f;
  REQUIRE(f.start());
  CHECK(f.ask(41, TEST_ADD_ONE) == 42);
  CHECK(f.ask(0, TEST_TELL_TIME) == 99);
  CHECK(f.ask(0, TEST_SEND_NOWHERE) == COMMY_NOT_FOUND);
  CHECK(f.set.health()[0].state == commy::health_state::ready);
  CHECK(f.set.stop().empty());
  // Its name is free again.
  CHECK_FALSE(f.system.find_port("echo"));
}

TEST_CASE("a plugin reads its options as the host has checked them") {
  fixture standard;
  REQUIRE(standard.start());
  CHECK(standard.ask(0, TEST_TELL_OPTION) == 7);

  fixture set{R"({"number": 8})"};
  REQUIRE(set.start());
  CHECK(set.ask(0, TEST_TELL_OPTION) == 8);

  fixture wrong{R"({"number": 101, "nomber": 1})"};
  const auto refused = wrong.start();
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == commy::plugin_error::bad_options);
  CHECK(refused.error().message().find("plugins[0].options.number") !=
        std::string::npos);
}

TEST_CASE("a plugin's actor that throws is replaced and keeps its name") {
  fixture f;
  REQUIRE(f.start());
  f.send(test_number{0, TEST_THROW, 0});
  CHECK(f.ask(1, TEST_ADD_ONE) == 2);
  f.send(test_number{0, TEST_THROW_OTHER, 0});
  CHECK(f.ask(2, TEST_ADD_ONE) == 3);
  CHECK(f.set.stop().empty());
}

TEST_CASE("a plugin whose actors fail too often has failed") {
  fixture f;
  REQUIRE(f.start());
  for (int i = 0; i < 4; ++i)
    f.send(test_number{0, TEST_THROW, 0});
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (f.set.health()[0].state != commy::health_state::failed &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  const auto health = f.set.health()[0];
  CHECK(health.state == commy::health_state::failed);
  CHECK(health.reason.find("as I was told") != std::string::npos);
}

TEST_CASE("a message of another size or kind does not reach a plugin") {
  fixture f;
  REQUIRE(f.start());
  const std::array<std::byte, 8> few{};
  CHECK(f.system.deliver("echo", commy::wire_id<test_number>(), few).error() ==
        commy::deliver_error::wrong_size);
  CHECK(f.system.deliver("echo", commy::message_id{12345}, few).error() ==
        commy::deliver_error::unknown_message);
}

TEST_CASE("a plugin sees what a handle leads to while it handles a message") {
  fixture f;
  REQUIRE(f.start());
  f.send(test_loan{{17, 0}});
  CHECK(f.numbers.next() == 4711);
  f.send(test_loan{{18, 0}});
  CHECK(f.numbers.next() == -1);
  // The first one was given back when its handler returned.
  CHECK(f.resolver->returned.load() == 1);
}

TEST_CASE("a type of actors the plugin does not have is refused by name") {
  fixture f{"{}", R"({"echo": "test.ekko"})"};
  const auto refused = f.start();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() ==
        "test_good: \"test.ekko\"; it has \"test.echo\": the plugin has no "
        "such type of actors; correct the manifest");
}

TEST_CASE("an actor that a plugin refuses to make is an error") {
  fixture f{"{}", R"({"unwanted": "test.echo"})"};
  const auto refused = f.start();
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == commy::plugin_error::actor_failed);
  CHECK(f.set.stop().empty());
}

TEST_CASE("a plugin that refuses to start is quoted") {
  const auto plan = *read_manifest(R"({"name": "a", "plugins": [
      {"id": "test_refusing", "path": "refusing.so"}]})")
                         .value;
  fixture f;
  const auto refused = f.set.start(
      plan, 0,
      commy::host::load_plugin(plugins + "/refusing.so", "test_refusing")
          .value());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() ==
        "test_refusing: no licence for this machine: the plugin refused to "
        "start");
}
