// Topics: who gets what is published, who does not, and who is told so.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace actor_tests;
using commy::topic;
using commy::topic_subscription;
using commy::test::runtime;

namespace {

struct tick {
  int price;
};
struct news {
  std::string text;
};

using numbers = std::vector<int>;

/// Keeps its subscription as actors do, and writes down what it hears.
class reader : public commy::actor {
public:
  reader(const topic<tick>& prices, std::shared_ptr<numbers> seen)
      : seen_{std::move(seen)}, feed_{prices.subscribe(self(this)).value()} {}
  void on(tick m) {
    if (m.price < 0) fail("no such price");
    seen_->push_back(m.price);
  }

private:
  std::shared_ptr<numbers> seen_;
  topic_subscription feed_;
};

}  // namespace

TEST_CASE("every subscriber of a topic gets each message") {
  runtime rt;
  auto a = rt.probe<tick>();
  auto b = rt.probe<tick>();
  const topic<tick> prices;
  const auto first = prices.subscribe(a.address()).value();
  const auto second = prices.subscribe(b.address()).value();

  const auto done = prices.publish(tick{7});
  rt.settle();

  CHECK(done.taken == 2);
  CHECK(done.refused == 0);
  CHECK(a.take<tick>()->price == 7);
  CHECK(b.take<tick>()->price == 7);
  CHECK(a.count<tick>() + b.count<tick>() == 2);
}

TEST_CASE("a topic without subscribers takes what is published") {
  const topic<tick> prices;

  const auto done = prices.publish(tick{7});

  CHECK(done.taken + done.refused == 0);
  CHECK(prices.subscribers() == 0);
}

TEST_CASE("messages of one publisher reach a subscriber in their order") {
  commy::test::interleave(50, [](runtime& rt) {
    const topic<tick> prices;
    std::vector<std::shared_ptr<numbers>> all;
    for (int i = 0; i < 10; ++i) {
      all.push_back(std::make_shared<numbers>());
      (void)rt.spawn<reader>("", prices, all.back());
    }
    for (int i = 0; i < 20; ++i) {
      if (prices.publish(tick{i}).taken != 10) throw std::logic_error{"lost"};
      (void)rt.step();
    }
    rt.settle();

    numbers expected(20);
    for (int i = 0; i < 20; ++i)
      expected[static_cast<std::size_t>(i)] = i;
    for (const auto& one : all) {
      if (*one != expected) throw std::logic_error{"out of order"};
    }
  });
}

TEST_CASE("a full subscriber misses a message, is told so, and delays nobody") {
  runtime rt;
  const auto slow =
      rt.system().spawn<counter>({.name = "slow", .mailbox_messages = 2});
  const auto quick = rt.spawn<counter>("quick");
  const topic<add> sums;
  const auto late = sums.subscribe(slow).value();
  const auto fast = sums.subscribe(quick).value();
  rt.silence(slow);

  std::size_t taken = 0;
  std::size_t refused = 0;
  for (int i = 0; i < 5; ++i) {
    const auto done = sums.publish(add{1});
    taken += done.taken;
    refused += done.refused;
    rt.settle();
  }

  CHECK(taken == 7);
  CHECK(refused == 3);
  CHECK(late.refused() == 3);
  CHECK(fast.refused() == 0);
  CHECK(rt.ask(quick, total{}).value() == 5);
  rt.wake(slow);
  rt.settle();
  CHECK(rt.ask(slow, total{}).value() == 2);
}

TEST_CASE("a subscription ends with its object, and may be moved") {
  runtime rt;
  auto a = rt.probe<tick>();
  const topic<tick> prices;
  topic_subscription kept;
  {
    auto made = prices.subscribe(a.address()).value();
    kept = std::move(made);
  }
  CHECK(prices.publish(tick{1}).taken == 1);

  auto other = prices.subscribe(a.address()).value();
  kept = std::move(other);
  CHECK(prices.publish(tick{2}).taken == 1);

  kept.end();
  kept.end();
  CHECK(prices.publish(tick{3}).taken == 0);
  CHECK(kept.refused() == 0);
}

TEST_CASE("an ended subscription ends no later one in its place") {
  runtime rt;
  auto a = rt.probe<tick>();
  const topic<tick> prices;
  auto gone = rt.probe<tick>();
  auto early = prices.subscribe(gone.address()).value();
  (void)rt.system().stop(gone.address());
  rt.settle();
  CHECK(prices.publish(tick{1}).taken == 0);
  const auto later = prices.subscribe(a.address()).value();

  early.end();

  CHECK(prices.publish(tick{2}).taken == 1);
}

TEST_CASE("a subscriber that has stopped is taken out by itself") {
  runtime rt;
  const auto seen = std::make_shared<numbers>();
  const topic<tick> prices;
  const auto r = rt.spawn<reader>("r", prices, seen);
  const auto outside = prices.subscribe(r).value();
  CHECK(prices.publish(tick{1}).taken == 2);

  (void)rt.system().stop(r);
  rt.settle();

  const auto done = prices.publish(tick{2});
  CHECK(done.taken + done.refused == 0);
  CHECK(prices.subscribers() == 0);
  CHECK(*seen == numbers{1, 1});
}

TEST_CASE("a subscriber that drains is taken out by the next publish") {
  runtime rt;
  const auto sums = rt.spawn<counter>("sums");
  const topic<add> all;
  const auto feed = all.subscribe(sums).value();
  CHECK(all.publish(add{1}).taken == 1);
  CHECK(all.publish(add{1}).taken == 1);
  // It takes no more, and still has something to do.
  (void)rt.system().stop(sums);
  REQUIRE(rt.step());
  REQUIRE(all.subscribers() == 1);

  const auto done = all.publish(add{1});

  CHECK(done.taken + done.refused == 0);
  CHECK(all.subscribers() == 0);
}

TEST_CASE("a restarted actor subscribes anew, once") {
  runtime rt;
  const auto seen = std::make_shared<numbers>();
  const topic<tick> prices;
  auto boss = rt.system().supervise();
  (void)boss.spawn<reader>("r", prices, seen);
  REQUIRE(prices.publish(tick{1}).taken == 1);

  REQUIRE(prices.publish(tick{-1}).taken == 1);
  rt.settle();
  // It backs off, without an object that could have a subscription.
  CHECK(prices.publish(tick{2}).taken == 0);
  rt.advance(1s);

  CHECK(boss.restarts() == 1);
  CHECK(prices.publish(tick{3}).taken == 1);
  rt.settle();
  CHECK(*seen == numbers{1, 3});
}

TEST_CASE("who subscribes during a publish does not get that message") {
  // A message that subscribes somebody when it is copied, so in the midst of
  // being published.
  struct contagious {
    explicit contagious(const std::function<void()>& f) : subscribe{&f} {}
    contagious(const contagious& from) : subscribe{from.subscribe} {
      (*subscribe)();
    }
    contagious(contagious&&) noexcept = default;
    const std::function<void()>* subscribe;
  };
  runtime rt;
  auto a = rt.probe<contagious>();
  const topic<contagious> spread;
  std::vector<topic_subscription> kept;
  const std::function<void()> one_more = [&] {
    kept.push_back(spread.subscribe(a.address()).value());
  };
  one_more();

  CHECK(spread.publish(contagious{one_more}).taken == 1);
  CHECK(spread.publish(contagious{one_more}).taken == 2);
  CHECK(kept.size() == 4);
}

TEST_CASE("a topic may have several kinds of messages") {
  runtime rt;
  auto a = rt.probe<tick, news>();
  const topic<tick, news> all;
  const auto feed = all.subscribe(a.address()).value();

  CHECK(all.publish(news{"calm"}).taken == 1);
  CHECK(all.publish(tick{7}).taken == 1);
  rt.settle();

  CHECK(a.take<news>()->text == "calm");
  CHECK(a.take<tick>()->price == 7);
}

TEST_CASE("a topic is found by its name") {
  runtime rt;
  auto& system = rt.system();
  auto a = rt.probe<tick>();
  const auto here = system.topic<tick>("prices");
  const auto feed = here.subscribe(a.address()).value();

  const auto there = system.topic<tick>("prices");

  CHECK(here == there);
  CHECK(there.publish(tick{7}).taken == 1);
  CHECK(system.topic<tick>("other").publish(tick{7}).taken == 0);
}

TEST_CASE("a topic of the same name with other messages is an error") {
  runtime rt;
  auto& system = rt.system();
  const auto prices = system.topic<add, reset>("prices");

  const auto other = system.try_topic<total>("prices");

  REQUIRE_FALSE(other);
  CHECK(other.error() == commy::topic_error::other_messages);
  CHECK(other.error().message() ==
        "prices is a topic of actor_tests::add, actor_tests::reset, not of "
        "actor_tests::total: name the messages of a topic alike, in one order, "
        "or use another name");
  CHECK_THROWS_AS(system.topic<total>("prices"), commy::bad_result);
}

TEST_CASE("a name is free again when nobody holds its topic") {
  runtime rt;
  auto& system = rt.system();
  auto a = rt.probe<tick>();
  {
    // The subscription alone keeps it.
    const auto feed =
        system.topic<tick>("prices").subscribe(a.address()).value();
    CHECK_FALSE(system.try_topic<add>("prices"));
  }
  CHECK(system.try_topic<add>("prices"));
}

TEST_CASE("names of topics have bounds") {
  runtime rt;
  auto& system = rt.system();
  CHECK(system.try_topic<tick>("").error() == commy::topic_error::bad_name);
  CHECK(system.try_topic<tick>(std::string(129, 'x')).error() ==
        commy::topic_error::bad_name);
  CHECK(system.try_topic<tick>("a\nb").error() == commy::topic_error::bad_name);

  std::vector<topic<tick>> all;
  for (int i = 0; i < 65'536; ++i)
    all.push_back(system.topic<tick>("t" + std::to_string(i)));
  CHECK(system.try_topic<tick>("one more").error() ==
        commy::topic_error::too_many_topics);
  CHECK(system.try_topic<tick>("t7"));
  // Names that nobody holds make room.
  all.pop_back();
  CHECK(system.try_topic<tick>("one more"));
}

TEST_CASE("a topic has at most 4,096 subscribers that live") {
  runtime rt;
  auto a = rt.probe<tick>();
  auto b = rt.probe<tick>();
  const topic<tick> prices;
  std::vector<topic_subscription> all;
  for (int i = 0; i < 4095; ++i)
    all.push_back(prices.subscribe(a.address()).value());
  const auto last = prices.subscribe(b.address()).value();
  CHECK(prices.subscribe(a.address()).error() ==
        commy::topic_error::too_many_subscribers);
  CHECK(prices.subscribers() == 4096);

  // Places come back from those that end, and from those that stop.
  all.pop_back();
  all.push_back(prices.subscribe(a.address()).value());
  (void)rt.system().stop(b.address());
  rt.settle();
  CHECK(prices.subscribe(a.address()));
  CHECK(prices.publish(tick{1}).taken == 1024);
}

TEST_CASE("nobody may subscribe, to no effect") {
  const topic<tick> prices;
  const auto feed = prices.subscribe(commy::address<tick>{}).value();

  CHECK(prices.publish(tick{1}).taken == 0);
}

TEST_CASE("what a copy throws comes to the publisher") {
  struct fragile {
    explicit fragile(int& left) : copies{&left} {}
    fragile(const fragile& from) : copies{from.copies} {
      if (--*copies < 0) throw std::runtime_error{"broken"};
    }
    fragile(fragile&&) noexcept = default;
    int* copies;
  };
  runtime rt;
  auto a = rt.probe<fragile>();
  auto b = rt.probe<fragile>();
  const topic<fragile> all;
  const auto first = all.subscribe(a.address()).value();
  const auto second = all.subscribe(b.address()).value();
  int copies = 1;

  CHECK_THROWS_AS((void)all.publish(fragile{copies}), std::runtime_error);
  rt.settle();

  CHECK(a.count<fragile>() + b.count<fragile>() == 1);
  copies = 2;
  CHECK(all.publish(fragile{copies}).taken == 2);
}
