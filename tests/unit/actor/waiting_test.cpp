// Senders that wait for room in a full mailbox.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace actor_tests;
using commy::overflow;
using commy::tell_error;
using commy::test::runtime;

namespace {

/// Counts those of its kind that are alive, without what they were moved from.
struct item {
  static inline std::atomic<int> alive{0};

  item(int from, int n) noexcept : sender{from}, number{n} { ++alive; }
  item(item&& other) noexcept
      : sender{other.sender},
        number{other.number},
        whole_{std::exchange(other.whole_, false)} {}
  item& operator=(item&&) = delete;
  ~item() {
    if (whole_) --alive;
  }

  int sender;
  int number;

private:
  bool whole_ = true;
};
struct send {
  int count;
  std::chrono::nanoseconds patience = 1h;
};

class sink : public commy::actor {
public:
  explicit sink(std::vector<std::pair<int, int>>& got) : got_{&got} {}
  void on(const item& m) { got_->emplace_back(m.sender, m.number); }

private:
  std::vector<std::pair<int, int>>* got_;
};

/// Sends items one after the other, each when there is room.
class source : public commy::actor {
public:
  source(int number, commy::address<item> to, std::string& outcome)
      : number_{number}, to_{to}, outcome_{&outcome} {}

  commy::task<> on(send m) {
    for (int i = 0; i < m.count; ++i) {
      auto sent = co_await tell(to_, item{number_, i}, m.patience);
      if (!sent) {
        *outcome_ = std::string{sent.error().message()} + " at " +
                    std::to_string(sent.take_back().number);
        co_return;
      }
    }
    *outcome_ = "done";
  }

private:
  int number_;
  commy::address<item> to_;
  std::string* outcome_;
};

commy::spawn_options with_room(std::uint32_t messages) {
  return {.mailbox_messages = messages, .when_full = overflow::wait};
}

struct pipeline {
  explicit pipeline(std::uint32_t room = 2)
      : to{rt.system().spawn<sink>(with_room(room), got)} {
    rt.silence(to);
  }
  commy::ref<source> add(int number) {
    return rt.spawn<source>("source " + std::to_string(number), number, to,
                            outcomes[static_cast<std::size_t>(number)]);
  }

  std::vector<std::pair<int, int>> got;
  std::vector<std::string> outcomes = std::vector<std::string>(4);
  runtime rt;
  commy::ref<sink> to;
};

}  // namespace

TEST_CASE("a sender waits for room and goes on when there is some") {
  pipeline p;
  p.add(1).tell(send{5}).value();
  p.rt.settle();
  CHECK(p.outcomes[1].empty());
  CHECK(p.rt.system().inspect().actors.size() == 2);
  // Who does not wait is refused, also while others do.
  CHECK(p.to.tell(item{0, 0}).error() == tell_error::mailbox_full);

  p.rt.wake(p.to);
  p.rt.settle();
  CHECK(p.outcomes[1] == "done");
  CHECK(p.got == std::vector<std::pair<int, int>>{
                     {1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}});
}

TEST_CASE("senders that wait get room in the order they came") {
  pipeline p{1};
  for (int i : {3, 1, 2}) {
    p.add(i).tell(send{2}).value();
    p.rt.settle();
  }
  p.rt.wake(p.to);
  p.rt.settle();

  CHECK(p.got == std::vector<std::pair<int, int>>{
                     {3, 0}, {3, 1}, {1, 0}, {2, 0}, {1, 1}, {2, 1}});
}

TEST_CASE("who waits too long for room gets the message back") {
  pipeline p;
  p.add(1).tell(send{3, 10ms}).value();
  p.add(2).tell(send{3, 20ms}).value();
  p.rt.advance(15ms);
  CHECK(p.outcomes[1].find("mailbox is full") != std::string::npos);
  CHECK(p.outcomes[2].empty());

  p.rt.wake(p.to);
  p.rt.settle();
  CHECK(p.outcomes[2] == "done");
  CHECK(item::alive == 0);
}

TEST_CASE("who waits for room learns that the receiver has stopped") {
  for (const auto how : {commy::stop_mode::drain, commy::stop_mode::now}) {
    pipeline p;
    p.add(1).tell(send{5}).value();
    p.rt.settle();
    p.rt.system().stop(p.to, how);
    p.rt.wake(p.to);
    p.rt.settle();

    CHECK(p.outcomes[1].find("stopped") != std::string::npos);
    CHECK(p.outcomes[1].find("at 2") != std::string::npos);
    CHECK(p.got.size() == (how == commy::stop_mode::drain ? 2 : 0));
    CHECK(item::alive == 0);
  }
}

TEST_CASE("a sender that is stopped while it waits takes its message along") {
  pipeline p;
  const auto from = p.add(1);
  from.tell(send{5}).value();
  p.rt.settle();
  CHECK(item::alive == 3);
  p.rt.system().stop(from, commy::stop_mode::now);
  p.rt.settle();
  CHECK(item::alive == 2);

  p.rt.wake(p.to);
  p.rt.settle();
  CHECK(p.got.size() == 2);
  CHECK(item::alive == 0);
}

TEST_CASE("who waits for room of one that waits for him is told at once") {
  struct begin {};
  struct pull {
    using reply = int;
  };
  struct greedy : commy::actor {
    greedy(commy::address<item> to, std::string& outcome)
        : to_{to}, outcome_{&outcome} {}
    void on(const item&) {}
    commy::task<int> on(pull) {
      for (int i = 0; i < 3; ++i) {
        if (auto sent = co_await tell(to_, item{1, i}, 1h); !sent) {
          *outcome_ = sent.error().message();
          break;
        }
      }
      co_return 1;
    }
    commy::address<item> to_;
    std::string* outcome_;
  };
  // Asks the one that wants to fill its mailbox, and so takes nothing.
  struct middle : commy::actor {
    void on(const item&) {}
    commy::task<> on(begin) {
      const auto answer = co_await ask(other, pull{}, 1h);
      if (!answer) throw std::runtime_error{"no answer"};
    }
    commy::address<pull> other;
    void on(commy::address<pull> m) { other = m; }
  };
  std::string outcome;
  runtime rt;
  const auto m = rt.system().spawn<middle>(with_room(2));
  const auto g = rt.spawn<greedy>("greedy", m, outcome);
  m.tell(commy::address<pull>{g}).value();
  rt.settle();
  m.tell(begin{}).value();
  rt.settle();

  CHECK(outcome.find("waits for this actor") != std::string::npos);
  CHECK(rt.now() == 0s);
}

TEST_CASE("a plain thread waits for room, or in vain") {
  std::vector<std::pair<int, int>> got;
  commy::actor_system system{{.workers = 1}};
  struct slow : sink {
    using sink::on;
    using sink::sink;
    void on(const hold& m) {
      m.entered->open();
      (void)m.leave->wait();
    }
  };
  const auto to = system.spawn<slow>(with_room(1), got);
  {
    occupied busy{to};
    REQUIRE(busy.is_busy());
    CHECK(system.tell(to, item{0, 0}, 1s));
    auto refused = system.tell(to, item{0, 1}, 1ms);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == tell_error::mailbox_full);
    CHECK(refused.take_back().number == 1);

    bool taken = false;
    std::thread other{
        [&] { taken = system.tell(to, item{0, 2}, deadline).has_value(); }};
    busy.end();
    other.join();
    CHECK(taken);
  }
  system.stop(to);
  REQUIRE(system.wait_stopped(to, deadline));
  CHECK(got == std::vector<std::pair<int, int>>{{0, 0}, {0, 2}});
  CHECK(system.tell(to, item{0, 3}, 1s).error() == tell_error::stopped);
  CHECK(item::alive == 0);
}

TEST_CASE("a handler that would block for room is refused") {
  struct blocking : commy::actor {
    blocking(commy::actor_system& system, std::string& outcome)
        : system_{&system}, outcome_{&outcome} {}
    void on(reset) {
      *outcome_ = system_->tell(self(this), reset{}, 1s).error().message();
    }
    commy::actor_system* system_;
    std::string* outcome_;
  };
  std::string outcome;
  runtime rt;
  rt.spawn<blocking>("blocking", rt.system(), outcome).tell(reset{}).value();
  rt.settle();
  CHECK(outcome.find("must not block") != std::string::npos);
}

TEST_CASE("a pipeline under threads keeps its bound and loses nothing") {
  constexpr int items = 3000;
  constexpr int sources = 4;
  std::vector<std::pair<int, int>> got;
  {
    commy::actor_system system{{.workers = 2}};
    struct relay : commy::actor {
      explicit relay(commy::address<item> to) : to_{to} {}
      commy::task<> on(item m) {
        (co_await tell(to_, std::move(m), deadline)).value();
      }
      commy::address<item> to_;
    };
    const auto end = system.spawn<sink>(with_room(3), got);
    const auto step = system.spawn<relay>(with_room(3), end);
    std::vector<std::string> outcomes(sources);
    std::vector<commy::ref<source>> all;
    for (int i = 0; i < sources; ++i) {
      all.push_back(system.spawn<source>(
          "", i, step, outcomes[static_cast<std::size_t>(i)]));
      all.back().tell(send{items, deadline}).value();
    }
    int refused = 0;
    std::thread outside{[&] {
      for (int i = 0; i < items; ++i)
        refused += system.tell(step, item{sources, i}, deadline) ? 0 : 1;
    }};
    // In one after the other: each drains before the next is stopped.
    for (const auto& s : all) {
      system.stop(s);
      REQUIRE(system.wait_stopped(s, deadline));
    }
    outside.join();
    CHECK(refused == 0);
    system.stop(step);
    REQUIRE(system.wait_stopped(step, deadline));
    system.stop(end);
    REQUIRE(system.wait_stopped(end, deadline));
    for (const auto& o : outcomes)
      CHECK(o == "done");
    CHECK(system.dead_letter_count() == 0);
  }
  REQUIRE(got.size() == std::size_t{items} * (sources + 1));
  std::vector<int> next(sources + 1);
  for (const auto& [sender, number] : got) {
    REQUIRE(number == next[static_cast<std::size_t>(sender)]++);
  }
  CHECK(item::alive == 0);
}
