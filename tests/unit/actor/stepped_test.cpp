// Systems under a test's hand: steps, seeds, time, probes and silence.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace actor_tests;
using commy::ask_error;
using commy::test::interleave;
using commy::test::runtime;

namespace {

struct note {
  int from;
};
struct question {
  using reply = std::string;
  int number;
};
struct go {};

/// Tells its number to whom it was given.
class speaker : public commy::actor {
public:
  speaker(int number, commy::address<note> to) : number_{number}, to_{to} {}
  void on(go) { to_.tell(note{number_}).value(); }

private:
  int number_;
  commy::address<note> to_;
};

/// Tells itself on and on.
class restless : public commy::actor {
public:
  void on(go) { self(this).tell(go{}).value(); }
};

/// Answers with what another answers.
class broker : public commy::actor {
public:
  explicit broker(commy::address<question> other) : other_{other} {}
  commy::task<std::string> on(question m) {
    auto answer = co_await ask(other_, question{m.number}, 10min);
    co_return answer ? "found " + *answer : "gave up";
  }

private:
  commy::address<question> other_;
};

/// The order in which three speakers were heard.
std::string order_under(std::uint64_t seed) {
  runtime rt{{.seed = seed}};
  auto ear = rt.probe<note>();
  std::vector<commy::ref<speaker>> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(rt.spawn<speaker>("", i, ear.address()));
    all.back().tell(go{}).value();
  }
  rt.settle();
  std::string heard;
  while (auto n = ear.take<note>())
    heard += std::to_string(n->from);
  return heard;
}

}  // namespace

TEST_CASE("nothing happens but by a step, which is one message") {
  runtime rt;
  auto ear = rt.probe<note>();
  ear.address().tell(note{1}).value();
  ear.address().tell(note{2}).value();

  CHECK(ear.count<note>() == 0);
  CHECK(rt.step());
  CHECK(ear.count<note>() == 1);
  CHECK(rt.step());
  CHECK(ear.count<note>() == 2);
  CHECK(rt.settle() <= 1);
  CHECK_FALSE(rt.step());
  CHECK(ear.take<note>()->from == 1);
  CHECK(ear.take<note>()->from == 2);
  CHECK_FALSE(ear.take<note>());
}

TEST_CASE("without a seed actors go in the order in which they became ready") {
  CHECK(order_under(0) == "012");
}

TEST_CASE("a seed gives the same order each time, seeds together all orders") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto order = order_under(seed);
    CHECK(order == order_under(seed));
    orders.insert(order);
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("the seed under which a body fails is named") {
  CHECK_THROWS_WITH(
      interleave(1000,
                 [](runtime& rt) {
                   auto ear = rt.probe<note>();
                   auto a = rt.spawn<speaker>("", 1, ear.address());
                   auto b = rt.spawn<speaker>("", 2, ear.address());
                   a.tell(go{}).value();
                   b.tell(go{}).value();
                   rt.settle();
                   if (ear.take<note>()->from == 2) {
                     throw std::runtime_error{"the second came first"};
                   }
                 }),
      Catch::Matchers::StartsWith("seed ") &&
          Catch::Matchers::EndsWith("the second came first"));
}

TEST_CASE("actors that never rest are found out") {
  runtime rt;
  rt.spawn<restless>("r").tell(go{}).value();
  CHECK_THROWS_WITH(rt.settle(1000),
                    Catch::Matchers::ContainsSubstring("1000 steps"));
}

TEST_CASE("an ask lets actors run, and a timeout of ten minutes takes none") {
  runtime rt;
  auto oracle = rt.probe<question>();
  oracle.answer<question>(
      [](const question& q) { return std::to_string(q.number); });
  auto b = rt.spawn<broker>("b", oracle.address());

  CHECK(rt.ask(b, question{3}).value() == "found 3");
  CHECK(rt.now() == 0s);
  rt.silence(oracle.address());
  CHECK(rt.ask(b, question{4}, 1h).value() == "gave up");
  CHECK(rt.now() == 10min);
  CHECK(rt.ask(b, question{5}, 5min).error() == ask_error::timeout);
  CHECK(rt.now() == 15min);
  rt.wake(oracle.address());
  rt.settle();
  CHECK(rt.ask(b, question{6}).value() == "found 6");
  CHECK(oracle.count<question>() == 4);
}

TEST_CASE("a probe that has no answer fails who asks it") {
  runtime rt;
  auto oracle = rt.probe<question>("oracle");
  const auto answer = rt.ask(oracle.address(), question{1});
  REQUIRE_FALSE(answer);
  CHECK(answer.error() == ask_error::handler_failed);
  CHECK(answer.error().message().find("answer<M>()") != std::string::npos);
}

TEST_CASE("restarts and their pauses happen in the time of the test") {
  runtime rt;
  auto tills =
      rt.system().supervise({.first_delay = 100ms, .longest_delay = 100ms});
  auto till = tills.spawn<counter>("till", 5);
  till.tell(explode{}).value();
  till.tell(add{1}).value();

  rt.advance(49ms);
  CHECK(tills.restarts() == 1);
  CHECK(rt.ask(till, total{}, 1ms).error() == ask_error::timeout);
  rt.advance(50ms);
  CHECK(rt.ask(till, total{}).value() == 6);
}

TEST_CASE("a stepped system stops in order, and says who is late") {
  runtime rt;
  auto oracle = rt.probe<question>("oracle");
  auto b = rt.spawn<broker>("b", oracle.address());
  rt.silence(oracle.address());
  b.tell(question{1}).value();
  rt.settle();

  const auto late = rt.system().shutdown(1s);

  REQUIRE(late.size() == 2);
  rt.wake(oracle.address());
  rt.settle();
  CHECK(rt.system().actor_count() == 0);
}
