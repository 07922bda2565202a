#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace actor_tests;

namespace {

struct refuse_construction {
  std::atomic<int>* constructed;
  int good;  // So many constructions succeed.
};

/// Fails on command, and in its constructor once it was made often enough.
class fragile : public commy::actor {
public:
  explicit fragile(refuse_construction plan) {
    if (plan.constructed->fetch_add(1) >= plan.good) {
      throw std::runtime_error{"no more"};
    }
  }
  void on(explode) {
    try {
      throw std::runtime_error{"fuse"};
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"boom"});
    }
  }
  int on(add m) { return m.amount; }
};

const commy::supervision quick{.first_delay = 1ms};

}  // namespace

TEST_CASE("a restarted actor is new, and keeps its mailbox and references") {
  commy::actor_system system{{.workers = 1}};
  auto group = system.supervise(quick);
  const auto sums = group.spawn<counter>("sums", 100);
  const commy::address<add> view = sums;
  {
    occupied busy{sums};
    REQUIRE(busy.is_busy());
    sums.tell(add{5}).value();  // Lost with the object, as it was handled.
    sums.tell(explode{}).value();
    sums.tell(add{1}).value();
    sums.tell(add{2}).value();
  }

  CHECK(system.ask(view, add{0}, deadline).value() == 103);
  CHECK(group.restarts() == 1);
  CHECK_FALSE(group.gave_up());
}

TEST_CASE("only the message that failed becomes a dead letter") {
  commy::actor_system system{{.workers = 1}};
  std::vector<std::string> letters;
  const auto subscription =
      system.on_dead_letter([&](const commy::dead_letter& letter) {
        letters.push_back(std::string{letter.receiver} + "/" +
                          std::string{letter.message} + "/" +
                          std::string{letter.text});
      });
  auto group = system.supervise(quick);
  const auto sums = group.spawn<counter>("sums");

  sums.tell(explode{}).value();
  sums.tell(add{1}).value();

  CHECK(system.ask(sums, total{}, deadline).value() == 1);
  CHECK(letters == std::vector<std::string>{"sums/actor_tests::explode/boom"});
  CHECK(system.dead_letter_count() == 1);
}

TEST_CASE("too many failures within the time stop all children, with reasons") {
  std::atomic<int> constructed{0};
  commy::actor_system system{{.workers = 2}};
  auto group = system.supervise(
      {.name = "kiosk", .max_restarts = 2, .within = 20s, .first_delay = 1ms});
  const auto bomb =
      group.spawn<fragile>("bomb", refuse_construction{&constructed, 100});
  const auto sums = group.spawn<counter>("sums");

  for (int i = 0; i < 3; ++i)
    bomb.tell(explode{}).value();

  REQUIRE(system.wait_stopped(bomb, deadline));
  REQUIRE(system.wait_stopped(sums, deadline));
  CHECK(constructed == 3);
  CHECK(group.gave_up());
  CHECK(group.reasons() ==
        std::vector<std::string>{
            "supervisor 'kiosk' gave up: more than 2 failures within 20000 ms",
            "actor 'bomb' failed handling actor_tests::explode: boom", "fuse"});
  const auto late = group.try_spawn<counter>("late");
  REQUIRE_FALSE(late);
  CHECK(late.error() == commy::spawn_error::supervisor_gave_up);
}

TEST_CASE("failures that lie longer back than the time do not count") {
  commy::actors::supervision_state state{
      {.max_restarts = 2, .within = 1s, .first_delay = 10ms}, 1};
  constexpr std::int64_t second = 1'000'000'000;

  CHECK(state.child_failed({}, 10 * second, {"a"}));
  CHECK(state.child_failed({}, 10 * second + 1, {"b"}));
  CHECK(state.child_failed({}, 11 * second, {"c"}));
  CHECK_FALSE(state.child_failed({}, 11 * second, {"d"}));
  CHECK(state.gave_up());
  CHECK(state.reasons().back() == "d");
}

TEST_CASE("the pause before a restart doubles, and is never cut by over half") {
  commy::actors::supervision_state state{{.max_restarts = 20,
                                          .within = 1000s,
                                          .first_delay = 10ms,
                                          .longest_delay = 100ms},
                                         42};
  auto longest = 10ms;
  for (int i = 0; i < 20; ++i) {
    const auto pause = state.child_failed({}, i, {});
    REQUIRE(pause);
    CHECK(*pause <= longest);
    CHECK(*pause > longest / 2 - 1ns);
    longest = std::min(2 * longest, 100ms);
  }
}

TEST_CASE("a constructor that throws at a restart is a failure too") {
  std::atomic<int> constructed{0};
  commy::actor_system system{{.workers = 1}};
  auto group = system.supervise({.max_restarts = 3, .first_delay = 1ms});
  const auto bomb =
      group.spawn<fragile>("bomb", refuse_construction{&constructed, 1});

  bomb.tell(explode{}).value();

  REQUIRE(system.wait_stopped(bomb, deadline));
  CHECK(constructed == 4);
  CHECK(group.reasons()[1] ==
        "actor 'bomb' failed in its constructor: no more");
}

TEST_CASE("a destructor that throws keeps no restart from coming") {
  class stuck : public commy::actor {
  public:
    ~stuck() noexcept(false) { throw std::runtime_error{"stuck"}; }
    void on(explode) { fail("boom"); }
    int on(add m) { return m.amount; }
  };
  commy::actor_system system{{.workers = 1}};
  auto group = system.supervise({.first_delay = 1ms});
  const auto s = group.spawn<stuck>("s");
  s.tell(explode{}).value();

  CHECK(system.ask(s, add{1}, deadline).value() == 1);
  CHECK(group.restarts() == 1);
}

TEST_CASE("a request waits through the restart of its receiver") {
  commy::actor_system system{{.workers = 1}};
  auto group = system.supervise({.first_delay = 20ms});
  const auto sums = group.spawn<counter>("sums", 7);

  sums.tell(explode{}).value();

  CHECK(system.ask(sums, total{}, deadline).value() == 7);
}

TEST_CASE("a supervised actor that is stopped is not restarted") {
  commy::actor_system system{{.workers = 1}};
  auto group = system.supervise(quick);
  const auto sums = group.spawn<counter>("sums");

  CHECK(system.stop(sums));

  REQUIRE(system.wait_stopped(sums, deadline));
  CHECK(group.restarts() == 0);
  CHECK_FALSE(system.find<counter>("sums"));
}

TEST_CASE("an actor can be stopped while it waits for its restart") {
  commy::actor_system system{{.workers = 1}};
  auto group = system.supervise({.first_delay = 3600s, .longest_delay = 3600s});
  const auto sums = group.spawn<counter>("sums");
  sums.tell(explode{}).value();
  REQUIRE(eventually(
      [&] { return system.inspect().actors[0].state == "backing off"; }));
  sums.tell(add{1}).value();

  CHECK(system.stop(sums));

  REQUIRE(system.wait_stopped(sums, deadline));
  CHECK(system.dead_letter_count() == 2);
}
