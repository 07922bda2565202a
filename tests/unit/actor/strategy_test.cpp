// Who is restarted with whom, and what becomes of supervisors of supervisors.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace actor_tests;
using commy::strategy;
using commy::test::runtime;

namespace {

struct question {
  using reply = int;
};
struct pass_on {
  using reply = int;
};

/// Asks another one and hands its answer on.
class middle : public commy::actor {
public:
  explicit middle(commy::address<question> other) : other_{other} {}
  commy::task<int> on(pass_on) {
    auto answer = co_await ask(other_, question{}, 1h);
    co_return answer ? *answer : -1;
  }

private:
  commy::address<question> other_;
};

/// Three counters under one supervisor that start at 0 and are told 1, 2, 3.
struct three {
  runtime rt;
  commy::supervisor group;
  std::vector<commy::ref<counter>> all;

  explicit three(commy::supervision how)
      : group{rt.system().supervise(std::move(how))} {
    for (int i = 0; i < 3; ++i) {
      all.push_back(group.spawn<counter>("c" + std::to_string(i)));
      all.back().tell(add{i + 1}).value();
    }
    rt.settle();
  }
  std::vector<int> totals() {
    std::vector<int> sums;
    for (const auto& c : all)
      sums.push_back(rt.ask(c, total{}).value());
    return sums;
  }
  void fail(int which) {
    all[static_cast<std::size_t>(which)].tell(explode{}).value();
    rt.advance(1s);
  }
};

}  // namespace

TEST_CASE("one for one: the others keep what they have") {
  three t{{.how = strategy::one_for_one}};
  t.fail(1);
  CHECK(t.totals() == std::vector{1, 0, 3});
}

TEST_CASE(
    "one for all: all begin anew, and keep what lies in their mailboxes") {
  three t{{.how = strategy::one_for_all, .first_delay = 100ms}};
  t.all[1].tell(explode{}).value();
  t.rt.settle();
  // While they wait for the restart.
  t.all[0].tell(add{10}).value();
  t.all[1].tell(add{20}).value();
  t.all[2].tell(add{30}).value();

  t.rt.advance(1s);

  CHECK(t.totals() == std::vector{10, 20, 30});
  CHECK(t.group.restarts() == 1);
  CHECK(t.rt.system().dead_letter_count() == 1);
}

TEST_CASE("rest for one: those that were started later begin anew as well") {
  three t{{.how = strategy::rest_for_one}};
  t.fail(1);
  CHECK(t.totals() == std::vector{1, 0, 0});
  t.all[0].tell(add{4}).value();
  t.all[1].tell(add{5}).value();
  t.fail(2);
  CHECK(t.totals() == std::vector{5, 5, 0});
}

TEST_CASE("who is restarted while it waits answers that it was") {
  runtime rt;
  auto oracle = rt.probe<question>();
  rt.silence(oracle.address());
  auto group = rt.system().supervise({.how = strategy::one_for_all});
  auto m = group.spawn<middle>("m", oracle.address());
  auto sums = group.spawn<counter>("sums");
  m.tell(pass_on{}).value();
  rt.settle();
  sums.tell(explode{}).value();
  std::string told;
  const auto listening = rt.system().on_dead_letter(
      [&](const commy::dead_letter& d) { told += std::string{d.text} + ";"; });

  rt.advance(1s);

  CHECK(told == "boom;restarted with another one that failed;");
  rt.wake(oracle.address());
  oracle.answer<question>([](const question&) { return 7; });
  CHECK(rt.ask(m, pass_on{}).value() == 7);
}

TEST_CASE("one that is about to stop is not made anew") {
  three t{{.how = strategy::one_for_all}};
  // Both orders reach it at once; there is still something to drain.
  t.rt.silence(t.all[0]);
  t.all[0].tell(add{1}).value();
  CHECK(t.rt.system().stop(t.all[0]));
  t.all[1].tell(explode{}).value();
  t.rt.settle();
  t.rt.wake(t.all[0]);

  t.rt.settle();

  CHECK(t.rt.system().actor_count() == 2);
  CHECK(t.rt.now() == 0s);
}

TEST_CASE("a supervisor above restarts all that is beneath") {
  runtime rt;
  auto shop = rt.system().supervise({.name = "shop", .max_restarts = 2});
  auto tills = shop.supervise({.name = "tills", .max_restarts = 1});
  auto a = tills.spawn<counter>("a");
  auto b = tills.spawn<counter>("b");
  auto other = shop.spawn<counter>("other");
  const auto fail_a = [&] {
    for (const auto& c : {a, b, other})
      c.tell(add{1}).value();
    a.tell(explode{}).value();
    rt.advance(1s);
  };
  const auto totals = [&] {
    return std::vector{rt.ask(a, total{}).value(), rt.ask(b, total{}).value(),
                       rt.ask(other, total{}).value()};
  };

  fail_a();  // Its own supervisor's to judge.
  CHECK(totals() == std::vector{0, 1, 1});
  fail_a();  // One too many: shop restarts tills, all of it, and nothing else.
  CHECK(totals() == std::vector{0, 0, 2});
  CHECK_FALSE(tills.gave_up());
  CHECK(shop.restarts() == 1);
  fail_a();  // Counted from the beginning.
  CHECK(totals() == std::vector{0, 1, 3});
  CHECK(shop.restarts() == 1);
}

TEST_CASE("the supervisors above give up in turn, and say why") {
  runtime rt;
  auto shop = rt.system().supervise({.name = "shop", .max_restarts = 1});
  auto floor = shop.supervise({.name = "floor", .max_restarts = 0});
  auto tills = floor.supervise({.name = "tills", .max_restarts = 0});
  auto a = tills.spawn<counter>("a");
  (void)floor.spawn<counter>("b");
  (void)shop.spawn<counter>("c");
  a.tell(explode{}).value();
  rt.advance(1s);
  CHECK(rt.system().actor_count() == 3);

  a.tell(explode{}).value();
  rt.advance(1s);

  CHECK(rt.system().actor_count() == 0);
  CHECK((tills.gave_up() && floor.gave_up() && shop.gave_up()));
  CHECK(shop.reasons() ==
        std::vector<std::string>{
            "supervisor 'shop' gave up: more than 1 failures within 5000 ms",
            "supervisor 'floor' gave up: more than 0 failures within 5000 ms",
            "supervisor 'tills' gave up: more than 0 failures within 5000 ms",
            "actor 'a' failed handling actor_tests::explode: boom"});
  CHECK(tills.reasons().size() == 2);
  auto late = shop.supervise({.name = "late"});
  CHECK(late.gave_up());
  CHECK(late.try_spawn<counter>("x").error() ==
        commy::spawn_error::supervisor_gave_up);
}

TEST_CASE("all for one of supervisors beneath: the order of start counts") {
  runtime rt;
  auto top = rt.system().supervise({.how = strategy::rest_for_one});
  auto first = top.spawn<counter>("first");
  auto group = top.supervise();
  auto within = group.spawn<counter>("within");
  auto last = top.spawn<counter>("last");
  for (const auto& c : {first, within, last})
    c.tell(add{1}).value();

  first.tell(explode{}).value();
  rt.advance(1s);

  CHECK(rt.ask(first, total{}).value() == 0);
  CHECK(rt.ask(within, total{}).value() == 0);
  CHECK(rt.ask(last, total{}).value() == 0);
}

TEST_CASE("groups that fail on many threads come back whole") {
  commy::actor_system system{{.workers = 3}};
  auto top = system.supervise({.how = strategy::one_for_all,
                               .max_restarts = 1000,
                               .first_delay = 0ms,
                               .longest_delay = 0ms});
  std::vector<commy::ref<counter>> all;
  for (int g = 0; g < 4; ++g) {
    auto group = top.supervise({.how = strategy::one_for_all,
                                .max_restarts = 3,
                                .within = 60s,
                                .first_delay = 0ms,
                                .longest_delay = 0ms});
    for (int i = 0; i < 4; ++i)
      all.push_back(group.spawn<counter>(""));
  }

  for (int round = 0; round < 100; ++round) {
    (void)all[static_cast<std::size_t>(round * 7) % all.size()].tell(explode{});
    for (const auto& c : all)
      (void)c.tell(add{1});
  }

  // Each failure beyond the third of a group is one of the supervisor above.
  for (const auto& c : all)
    CHECK(system.ask(c, total{}, deadline).value() >= 0);
  CHECK(top.restarts() > 0);
  CHECK_FALSE(top.gave_up());
  CHECK(system.actor_count() == all.size());
}
