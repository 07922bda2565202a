// Handlers that let their actor go on while they wait.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace actor_tests;
using commy::ask_error;
using commy::test::runtime;

namespace {

struct slow_question {
  using reply = int;
  int number;
};
struct look_up {
  using reply = std::string;
  int number;
  std::chrono::nanoseconds patience = 1h;
};
struct look_up_alone {
  using reply = std::string;
  int number;
};
struct how_many {
  using reply = int;
};
struct fail_then {
  using reply = int;
};

/// Looks things up with another actor, several at a time.
class desk : public commy::actor {
public:
  explicit desk(commy::address<slow_question> store) : store_{store} {}

  commy::interleaved<std::string> on(look_up m) {
    const auto kept = std::make_shared<int>(m.number);  // Found if it leaks.
    ++inside_;
    const auto found =
        co_await ask(store_, slow_question{m.number}, m.patience);
    --inside_;
    if (!found) co_return std::string{found.error().message()};
    co_return std::to_string(*found + *kept - m.number);
  }
  commy::task<std::string> on(look_up_alone m) {
    const auto found = co_await ask(store_, slow_question{m.number}, 1h);
    co_return found ? "alone " + std::to_string(*found) : "nothing";
  }
  commy::interleaved<int> on(fail_then) {
    (void)co_await ask(store_, slow_question{-1}, 1h);
    throw std::runtime_error{"boom"};
  }
  int on(how_many) const { return inside_; }

private:
  commy::address<slow_question> store_;
  int inside_ = 0;
};

/// Asks and writes down what comes.
class asker : public commy::actor {
public:
  asker(commy::ref<desk> to, std::vector<std::string>& heard)
      : to_{to}, heard_{&heard} {}
  struct go {
    look_up what;
  };
  commy::task<> on(go m) {
    const auto answer = co_await ask(to_, m.what, 2h);
    heard_->push_back(answer ? *answer : std::string{answer.error().message()});
  }
  struct go_alone {
    look_up_alone what;
  };
  commy::task<> on(go_alone m) {
    const auto answer = co_await ask(to_, m.what, 2h);
    heard_->push_back(answer ? *answer : std::string{answer.error().message()});
  }
  struct go_wrong {};
  commy::task<> on(go_wrong) {
    const auto answer = co_await ask(to_, fail_then{}, 2h);
    heard_->push_back(answer ? "fine" : std::string{answer.error().message()});
  }

private:
  commy::ref<desk> to_;
  std::vector<std::string>* heard_;
};

struct office {
  office() : store{rt.probe<slow_question>()} {
    store.answer<slow_question>(
        [](const slow_question& m) { return 10 * m.number; });
    front = rt.spawn<desk>("desk", store.address());
    rt.silence(store.address());
  }
  template <class M>
  void ask(M m) {
    rt.spawn<asker>("", front, heard).tell(std::move(m)).value();
    rt.settle();
  }
  void answer_all() {
    rt.wake(store.address());
    rt.settle();
  }

  std::vector<std::string> heard;
  runtime rt{{}, {.mailbox_messages = 5000}};
  commy::test::probe<slow_question> store;
  commy::ref<desk> front;
};

}  // namespace

TEST_CASE("an interleaved handler waits while others of its actor run") {
  office o;
  for (int i = 1; i <= 3; ++i)
    o.ask(asker::go{{i}});
  CHECK(*o.rt.ask(o.front, how_many{}) == 3);

  o.answer_all();
  CHECK(o.heard == std::vector<std::string>{"10", "20", "30"});
  CHECK(*o.rt.ask(o.front, how_many{}) == 0);
}

TEST_CASE("a handler that waits alone also stops those that are interleaved") {
  office o;
  o.ask(asker::go{{1}});
  o.ask(asker::go_alone{{2}});
  // Neither a new message nor the answer to the first goes on.
  CHECK(o.rt.ask(o.front, how_many{}, 1ms).error() == ask_error::timeout);

  o.answer_all();
  CHECK(o.heard == std::vector<std::string>{"alone 20", "10"});
}

TEST_CASE("interleaved handlers have timeouts of their own") {
  office o;
  o.ask(asker::go{{1, 30ms}});
  o.ask(asker::go{{2, 10ms}});
  o.ask(asker::go{{3, 20ms}});
  o.rt.advance(15ms);
  REQUIRE(o.heard.size() == 1);
  CHECK(o.heard[0].find("within the time") != std::string::npos);
  CHECK(*o.rt.ask(o.front, how_many{}) == 2);

  o.answer_all();  // That to the second comes too late, and harms nobody.
  CHECK(o.heard.size() == 3);
  CHECK(o.heard[1] == "10");
  CHECK(o.heard[2] == "30");
}

TEST_CASE("an actor may ask itself when its handler is interleaved") {
  struct myself : commy::actor {
    commy::interleaved<int> on(how_many) {
      const auto other = co_await ask(self(this), total{}, 1h);
      co_return other ? *other + 1 : -1;
    }
    int on(total) { return 41; }
  };
  runtime rt;
  const auto it = rt.spawn<myself>("it");
  CHECK(*rt.ask(it, how_many{}) == 42);
}

TEST_CASE("when one interleaved handler fails all of them are answered") {
  office o;
  o.ask(asker::go{{1}});
  o.ask(asker::go_wrong{});
  o.ask(asker::go{{2}});
  o.rt.wake(o.store.address());
  // The store answers the first, fails the second, and so the third with it.
  o.rt.settle();
  std::sort(o.heard.begin(), o.heard.end());
  REQUIRE(o.heard.size() == 3);
  CHECK(o.heard[0] == "10");
  CHECK(o.heard[1].find("another handler failed") != std::string::npos);
  CHECK(o.heard[2].find("boom") != std::string::npos);
}

TEST_CASE("an actor that drains lets its interleaved handlers end") {
  office o;
  o.ask(asker::go{{1}});
  o.ask(asker::go{{2}});
  o.rt.system().stop(o.front);
  o.rt.settle();
  CHECK(o.heard.empty());

  o.answer_all();
  CHECK(o.heard == std::vector<std::string>{"10", "20"});
  CHECK(o.rt.system().wait_stopped(o.front, 1ms));
}

TEST_CASE("an actor that stops now ends its interleaved handlers") {
  office o;
  o.ask(asker::go{{1}});
  o.ask(asker::go{{2}});
  o.rt.system().stop(o.front, commy::stop_mode::now);
  o.rt.settle();

  REQUIRE(o.heard.size() == 2);
  CHECK(o.heard[0].find("stopped") != std::string::npos);
  CHECK(o.heard[1].find("stopped") != std::string::npos);
  o.answer_all();
  CHECK(o.heard.size() == 2);
}

TEST_CASE("more interleaved handlers than an actor may have wait alone") {
  office o;
  for (int i = 0; i < 1025; ++i)
    o.ask(asker::go{{i}});
  CHECK(o.rt.ask(o.front, how_many{}, 1ms).error() == ask_error::timeout);

  // The answer that the last one waits for frees the others.
  o.rt.system().stop(o.front);
  o.answer_all();
  CHECK(o.heard.size() == 1025);
  CHECK(o.rt.system().wait_stopped(o.front, 1ms));
}

TEST_CASE("under threads interleaved handlers all get their one answer") {
  std::atomic<int> right{0};
  std::atomic<int> others{0};
  {
    commy::actor_system system{{.workers = 2}};
    struct store_actor : commy::actor {
      int on(slow_question m) {
        if (m.number % 97 == 0) fail("no such thing");
        return m.number;
      }
    };
    const auto above = system.supervise({.max_restarts = 1000});
    const auto store = above.spawn<store_actor>("store");
    const auto front = system.spawn<desk>("desk", store);
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 1; i <= 500; ++i) {
          const auto answer =
              system.ask(front, look_up{1000 * t + i, deadline}, deadline);
          ++(answer && *answer == std::to_string(1000 * t + i) ? right
                                                               : others);
        }
      });
    }
    for (auto& t : threads)
      t.join();
  }
  CHECK(right + others == 1000);
  CHECK(right > 900);
  CHECK(others > 0);
}
