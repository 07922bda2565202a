#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace actor_tests;
using commy::ask_error;

namespace {

struct confirm {
  using reply = void;
};
struct ask_by_blocking {
  using reply = ask_error;
};

class porter : public commy::actor {
public:
  explicit porter(commy::actor_system& system) : system_{&system} {}
  void on(confirm) {}
  ask_error on(ask_by_blocking) {
    return system_->ask(self(this), confirm{}, 1s).error().code();
  }

private:
  commy::actor_system* system_;
};

}  // namespace

TEST_CASE("a plain thread asks and gets the reply") {
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums", 40);

  const auto sum = system.ask(sums, add{2}, deadline);

  REQUIRE(sum);
  CHECK(*sum == 42);
}

TEST_CASE("a request whose reply is void is confirmed") {
  commy::actor_system system{{.workers = 1}};
  const auto door = system.spawn<porter>("door", system);

  CHECK(system.ask(door, confirm{}, deadline));
}

TEST_CASE("a request may be told, and then nobody waits for the reply") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");

  sums.tell(add{3}).value();

  CHECK(system.ask(sums, total{}, deadline).value() == 3);
}

TEST_CASE("who asks learns that the handler failed, and how") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");

  const auto sum = system.ask(sums, explode_asked{}, deadline);

  REQUIRE_FALSE(sum);
  CHECK(sum.error() == ask_error::handler_failed);
  CHECK(sum.error().message() == "out of order: the receiver's handler failed");
}

TEST_CASE("who asks gets no answer within the time and is told so") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  occupied busy{sums};
  REQUIRE(busy.is_busy());

  const auto sum = system.ask(sums, add{1}, 1ms);

  REQUIRE_FALSE(sum);
  CHECK(sum.error() == ask_error::timeout);
  // The late reply finds nobody, and harms nobody.
  busy.end();
  CHECK(system.ask(sums, total{}, deadline).value() == 1);
}

TEST_CASE("who asks a full mailbox is told so at once") {
  commy::actor_system system{{.workers = 1}};
  const auto sums =
      system.spawn<counter>({.name = "sums", .mailbox_messages = 1});
  occupied busy{sums};
  REQUIRE(busy.is_busy());

  CHECK(system.ask(sums, add{1}, deadline).error() == ask_error::mailbox_full);
}

TEST_CASE("who asks a stopped actor is told so at once") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  system.stop(sums);
  REQUIRE(system.wait_stopped(sums, deadline));

  CHECK(system.ask(sums, add{1}, deadline).error() ==
        ask_error::receiver_stopped);
}

TEST_CASE("requests in the mailbox of an actor that stops are answered") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  occupied busy{sums};
  REQUIRE(busy.is_busy());
  std::optional<ask_error> answer;
  std::thread asker{
      [&] { answer = system.ask(sums, add{1}, deadline).error().code(); }};
  REQUIRE(eventually([&] { return system.inspect().actors[0].queued == 2; }));

  system.stop(sums, commy::stop_mode::now);
  busy.end();
  asker.join();

  CHECK(answer == ask_error::receiver_stopped);
  CHECK(system.dead_letter_count() == 0);
}

TEST_CASE("a handler that would block its thread is refused") {
  commy::actor_system system{{.workers = 1}};
  const auto door = system.spawn<porter>("door", system);

  CHECK(system.ask(door, ask_by_blocking{}, deadline).value() ==
        ask_error::inside_handler);
}
