#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace actor_tests;
using commy::ask_error;

namespace {

struct pay {
  using reply = std::string;
  int cents;
};
struct pay_slowly {
  using reply = std::string;
  std::chrono::milliseconds patience;
};
struct ping {};

std::string name_of(ask_error e) {
  return e == ask_error::cycle              ? "cycle"
         : e == ask_error::timeout          ? "timeout"
         : e == ask_error::receiver_stopped ? "receiver_stopped"
         : e == ask_error::handler_failed   ? "handler_failed"
         : e == ask_error::mailbox_full     ? "mailbox_full"
                                            : "other";
}

class till : public commy::actor {
public:
  explicit till(commy::ref<counter> sums) : sums_{sums} {}

  commy::task<std::string> on(pay m) {
    const std::string prefix(100, '.');  // Lives across the wait.
    ++inside_;
    const auto sum = co_await ask(sums_, add{m.cents}, deadline);
    const bool alone = inside_-- == 1;
    if (!sum) co_return name_of(sum.error().code());
    co_return std::to_string(*sum) + (alone ? "" : " overlapped") +
        std::string(prefix.size() - 100, '.');
  }
  commy::task<std::string> on(pay_slowly m) {
    const auto sum = co_await ask(sums_, total{}, m.patience);
    co_return sum ? "paid" : name_of(sum.error().code());
  }
  commy::task<> on(ping) {
    const auto sum = co_await step();
    if (sum != 7) throw std::runtime_error{"step failed"};
  }
  commy::task<int> on(explode_asked) {
    (void)co_await ask(sums_, total{}, deadline);
    throw std::runtime_error{"after the wait"};
  }

private:
  commy::task<int> step() {
    auto first = co_await ask(sums_, add{3}, deadline);
    auto second = co_await ask(sums_, add{4}, deadline);
    co_return first&& second ? *second : 0;
  }

  commy::ref<counter> sums_;
  int inside_ = 0;
};

/// Asks whom it is told to ask.
struct befriend {
  commy::address<pay> other;
};
class friendly : public commy::actor {
public:
  void on(befriend m) { other_ = m.other; }
  commy::task<std::string> on(pay m) {
    auto answer = co_await ask(other_, pay{m.cents}, deadline);
    co_return answer ? *answer : name_of(answer.error().code());
  }

private:
  commy::address<pay> other_;
};

}  // namespace

TEST_CASE("a handler awaits another actor's reply") {
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);

  CHECK(system.ask(desk, pay{499}, deadline).value() == "499");
  CHECK(system.ask(desk, pay{1}, deadline).value() == "500");
}

TEST_CASE("a handler's task may be made of steps") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);

  desk.tell(ping{}).value();
  CHECK(system.ask(desk, pay{0}, deadline).value() == "7");
}

TEST_CASE("while a handler waits its actor takes no other message") {
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);
  for (int i = 0; i < 200; ++i)
    desk.tell(pay{1}).value();

  CHECK(system.ask(desk, pay{1}, deadline).value() == "201");
}

TEST_CASE("a handler that waits too long is resumed with a timeout") {
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);
  occupied busy{sums};
  REQUIRE(busy.is_busy());

  CHECK(system.ask(desk, pay_slowly{2ms}, deadline).value() == "timeout");
  CHECK(system.ask(desk, pay_slowly{1ms}, deadline).value() == "timeout");
  busy.end();

  // Late replies to the first two do not answer the third.
  CHECK(system.ask(desk, pay{5}, deadline).value() == "5");
}

TEST_CASE("a timeout never comes early") {
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);
  occupied busy{sums};
  REQUIRE(busy.is_busy());

  // A later deadline is known when the earlier one ends, and the reverse.
  for (const auto patience : {1ms, 5ms, 3ms, 1ms, 4ms}) {
    const auto start = std::chrono::steady_clock::now();
    CHECK(system.ask(desk, pay_slowly{patience}, deadline).value() ==
          "timeout");
    CHECK(std::chrono::steady_clock::now() - start >= patience);
  }
}

TEST_CASE("a timeout comes also after an earlier wait that was answered") {
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);
  CHECK(system.ask(desk, pay_slowly{20ms}, deadline).value() == "paid");
  occupied busy{sums};
  REQUIRE(busy.is_busy());

  CHECK(system.ask(desk, pay_slowly{40ms}, deadline).value() == "timeout");
}

TEST_CASE("the timeouts of many actors all come") {
  constexpr int count = 500;
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>({.mailbox_messages = count + 1});
  std::vector<commy::ref<till>> desks;
  desks.reserve(count);
  for (int i = 0; i < count; ++i) {
    desks.push_back(system.spawn<till>("", sums));
  }
  occupied busy{sums};
  REQUIRE(busy.is_busy());
  for (int i = 0; i < count; ++i) {
    desks[static_cast<std::size_t>(i)]
        .tell(pay_slowly{std::chrono::milliseconds{1 + i * 7 % 31}})
        .value();
  }

  for (const auto& d : desks)
    system.stop(d);

  for (const auto& d : desks)
    REQUIRE(system.wait_stopped(d, deadline));
}

TEST_CASE("an actor that asks itself is told at once that it is a cycle") {
  commy::actor_system system{{.workers = 1}};
  const auto loner = system.spawn<friendly>("loner");
  loner.tell(befriend{loner}).value();

  CHECK(system.ask(loner, pay{1}, deadline).value() == "cycle");
}

TEST_CASE("actors that ask each other in a ring are told at once") {
  commy::actor_system system{{.workers = 2}};
  std::vector<commy::ref<friendly>> ring;
  ring.reserve(5);
  for (int i = 0; i < 5; ++i) {
    ring.push_back(system.spawn<friendly>("f" + std::to_string(i)));
  }
  for (std::size_t i = 0; i < 5; ++i) {
    ring[i].tell(befriend{ring[(i + 1) % 5]}).value();
  }

  CHECK(system.ask(ring[0], pay{1}, deadline).value() == "cycle");
}

TEST_CASE("two actors that ask each other at the same time are told") {
  commy::actor_system system{{.workers = 2}};
  const auto left = system.spawn<friendly>("left");
  const auto right = system.spawn<friendly>("right");
  left.tell(befriend{right}).value();
  right.tell(befriend{left}).value();

  for (int round = 0; round < 200; ++round) {
    std::string one;
    std::string two;
    std::thread other{
        [&] { one = system.ask(left, pay{1}, deadline).value(); }};
    two = system.ask(right, pay{1}, deadline).value();
    other.join();
    REQUIRE(one == "cycle");
    REQUIRE(two == "cycle");
  }
}

TEST_CASE("who was asked and has answered may ask back") {
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);
  const auto first = system.spawn<friendly>("first");
  const auto second = system.spawn<friendly>("second");
  second.tell(befriend{desk}).value();
  first.tell(befriend{second}).value();
  CHECK(system.ask(first, pay{1}, deadline).value() == "1");

  second.tell(befriend{first}).value();
  first.tell(befriend{desk}).value();

  CHECK(system.ask(second, pay{1}, deadline).value() == "2");
}

TEST_CASE("a handler that awaits a stopped or full actor is told so") {
  commy::actor_system system{{.workers = 2}};
  const auto sums =
      system.spawn<counter>({.name = "sums", .mailbox_messages = 1});
  const auto desk = system.spawn<till>("desk", sums);
  {
    occupied busy{sums};
    REQUIRE(busy.is_busy());
    CHECK(system.ask(desk, pay{1}, deadline).value() == "mailbox_full");
  }
  system.stop(sums);
  REQUIRE(system.wait_stopped(sums, deadline));

  CHECK(system.ask(desk, pay{1}, deadline).value() == "receiver_stopped");
}

TEST_CASE("a handler that throws after a wait has failed") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);

  const auto answer = system.ask(desk, explode_asked{}, deadline);

  REQUIRE_FALSE(answer);
  CHECK(answer.error() == ask_error::handler_failed);
  CHECK(answer.error().detail().text.view() == "after the wait");
}

TEST_CASE("a handler that waits when its actor must stop is ended") {
  struct witness {
    std::vector<std::string>* order;
    std::string name;
    ~witness() { order->push_back(name); }
  };
  class waiter : public commy::actor {
  public:
    waiter(commy::ref<counter> sums, std::vector<std::string>& order)
        : sums_{sums}, member_{&order, "member"} {}
    commy::task<std::string> on(pay) {
      const witness local{member_.order, "frame"};
      (void)co_await ask(sums_, total{}, deadline);
      co_return "never";
    }

  private:
    commy::ref<counter> sums_;
    witness member_;
  };
  std::vector<std::string> order;
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums");
  const auto patient = system.spawn<waiter>("patient", sums, order);
  occupied busy{sums};
  REQUIRE(busy.is_busy());
  std::optional<ask_error> answer;
  std::thread asker{
      [&] { answer = system.ask(patient, pay{1}, deadline).error().code(); }};
  REQUIRE(eventually([&] {
    for (const auto& a : system.inspect().actors) {
      if (a.name == "patient") return a.state == "awaiting";
    }
    return false;
  }));

  system.stop(patient, commy::stop_mode::now);
  REQUIRE(system.wait_stopped(patient, deadline));
  asker.join();

  CHECK(answer == ask_error::receiver_stopped);
  CHECK(order == std::vector<std::string>{"frame", "member"});
}

TEST_CASE("an actor that drains first ends the wait it is in") {
  commy::actor_system system{{.workers = 2}};
  const auto sums = system.spawn<counter>("sums");
  const auto desk = system.spawn<till>("desk", sums);
  occupied busy{sums};
  REQUIRE(busy.is_busy());
  std::string answer;
  std::thread asker{
      [&] { answer = system.ask(desk, pay{3}, deadline).value(); }};
  REQUIRE(eventually([&] {
    for (const auto& a : system.inspect().actors) {
      if (a.name == "desk") return a.state == "awaiting";
    }
    return false;
  }));

  system.stop(desk);
  CHECK_FALSE(system.wait_stopped(desk, 1ms));
  busy.end();
  asker.join();

  CHECK(answer == "3");
  CHECK(system.wait_stopped(desk, deadline));
}

TEST_CASE("messages that own memory are asked and told whole from a wait") {
  struct text {
    using reply = std::string;
    std::string words;
  };
  struct echo : commy::actor {
    std::string on(const text& m) { return m.words; }
  };
  struct begin {
    using reply = std::string;
    std::string words;
  };
  struct asker : commy::actor {
    explicit asker(commy::ref<echo> to) : to_{to} {}
    commy::task<std::string> on(begin m) {
      text first{m.words + " first"};
      const auto copied = co_await ask(to_, first, deadline);
      const auto again = co_await ask(to_, commy::moved(first), deadline);
      co_return *copied + *again + first.words;
    }
    commy::ref<echo> to_;
  };
  commy::actor_system system{{.workers = 1}};
  const std::string words(100, 'x');
  const auto a = system.spawn<asker>("a", system.spawn<echo>("e"));
  CHECK(system.ask(a, begin{words}, deadline).value() ==
        words + " first" + words + " first");
}

TEST_CASE("who asks or tells nobody in a wait learns that he has stopped") {
  struct hermit : commy::actor {
    commy::task<int> on(total) {
      const auto asked = co_await ask(commy::address<add>{}, add{1}, deadline);
      const auto told = co_await tell(commy::address<reset>{}, reset{}, 1s);
      co_return (asked.error() == ask_error::receiver_stopped ? 1 : 0) +
          (told.error() == commy::tell_error::stopped ? 2 : 0);
    }
  };
  commy::actor_system system{{.workers = 1}};
  const auto h = system.spawn<hermit>("h");
  CHECK(system.ask(h, total{}, deadline).value() == 3);
}
