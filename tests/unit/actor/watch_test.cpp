// Watches and links: who learns that another actor has ended, when, and why.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace actor_tests;
using commy::stopped;
using commy::test::runtime;

namespace {

struct look_at {
  commy::ref<counter> other;
};
struct look_away {
  commy::ref<counter> other;
};
struct join {
  commy::ref<counter> other;
};
struct heard {
  using reply = std::vector<std::string>;
};
struct question {
  using reply = int;
};
struct ponder {
  using reply = int;
};

class watchman : public commy::actor {
public:
  watchman() = default;
  explicit watchman(commy::address<question> oracle) : oracle_{oracle} {}

  void on(look_at m) { watches_.push_back(watch(this, m.other)); }
  void on(look_away m) {
    seen_.push_back(unwatch(m.other, watches_.back()) ? "away" : "late");
  }
  void on(join m) { link(m.other); }
  void on(const stopped& m) {
    std::string line = m.name;
    for (const auto& why : m.reasons)
      line += "/" + why;
    for (std::size_t i = 0; i < watches_.size(); ++i) {
      if (watches_[i] == m.watch) line += "@" + std::to_string(i);
    }
    seen_.push_back(line);
  }
  std::vector<std::string> on(heard) const { return seen_; }
  commy::task<int> on(ponder) {
    auto answer = co_await ask(oracle_, question{}, 1h);
    seen_.push_back("pondered");
    co_return answer ? *answer : -1;
  }
  void on(explode) { fail("tired"); }

private:
  std::vector<commy::watch_id> watches_;
  std::vector<std::string> seen_;
  commy::address<question> oracle_;
};

using lines = std::vector<std::string>;

lines heard_by(runtime& rt, const commy::ref<watchman>& who) {
  return rt.ask(who, heard{}).value();
}

}  // namespace

TEST_CASE("who watches learns of a stop once, with the name") {
  runtime rt;
  auto w = rt.spawn<watchman>("w");
  auto c = rt.spawn<counter>("c");
  w.tell(look_at{c}).value();
  rt.settle();
  CHECK(heard_by(rt, w).empty());

  (void)rt.system().stop(c);
  rt.settle();

  CHECK(heard_by(rt, w) == lines{"c@0"});
  rt.advance(1h);
  CHECK(heard_by(rt, w).size() == 1);
}

TEST_CASE("who watches learns why the other has failed") {
  runtime rt;
  auto w = rt.spawn<watchman>("w");
  auto c = rt.spawn<counter>("c");
  w.tell(look_at{c}).value();
  rt.settle();
  c.tell(explode{}).value();
  rt.settle();
  CHECK(heard_by(rt, w) ==
        lines{"c/actor 'c' failed handling actor_tests::explode: boom@0"});
}

TEST_CASE("a watch on an actor that is gone ends at once") {
  runtime rt;
  auto w = rt.spawn<watchman>("w");
  auto c = rt.spawn<counter>("c");
  (void)rt.system().stop(c);
  rt.settle();
  auto same_cell = rt.spawn<counter>("again");

  w.tell(look_at{c}).value();
  w.tell(look_at{commy::ref<counter>{}}).value();
  rt.settle();

  CHECK(heard_by(rt, w) == lines{"@0", "@1"});
  (void)rt.system().stop(same_cell);
  rt.settle();
  CHECK(heard_by(rt, w).size() == 2);
}

TEST_CASE("a watch can be ended") {
  runtime rt;
  auto w = rt.spawn<watchman>("w");
  auto c = rt.spawn<counter>("c");
  w.tell(look_at{c}).value();
  w.tell(look_away{c}).value();
  w.tell(look_away{c}).value();
  rt.settle();
  (void)rt.system().stop(c);
  rt.settle();
  CHECK(heard_by(rt, w) == lines{"away", "late"});
}

TEST_CASE("a restart is no end for those who watch") {
  runtime rt;
  auto group = rt.system().supervise();
  auto w = rt.spawn<watchman>("w");
  auto c = group.spawn<counter>("c");
  w.tell(look_at{c}).value();
  rt.settle();
  c.tell(explode{}).value();
  rt.advance(1s);
  CHECK(heard_by(rt, w).empty());
  (void)rt.system().stop(c);
  rt.settle();
  CHECK(heard_by(rt, w) == lines{"c@0"});
}

TEST_CASE("the watches of an object end with it") {
  runtime rt;
  auto group = rt.system().supervise();
  auto w = group.spawn<watchman>("w");
  auto c = rt.spawn<counter>("c");
  w.tell(look_at{c}).value();
  rt.settle();
  w.tell(explode{}).value();
  rt.advance(1s);
  (void)rt.system().stop(c);
  rt.settle();
  CHECK(heard_by(rt, w).empty());
}

TEST_CASE("what is learned while a handler waits comes behind it") {
  runtime rt;
  auto oracle = rt.probe<question>();
  oracle.answer<question>([](const question&) { return 1; });
  rt.silence(oracle.address());
  auto w = rt.spawn<watchman>("w", oracle.address());
  auto c = rt.spawn<counter>("c");
  w.tell(look_at{c}).value();
  w.tell(ponder{}).value();
  rt.settle();
  (void)rt.system().stop(c);
  rt.settle();

  rt.wake(oracle.address());
  rt.settle();

  CHECK(heard_by(rt, w) == lines{"pondered", "c@0"});
}

TEST_CASE("a full mailbox keeps nobody from learning it") {
  runtime rt;
  auto w = rt.system().spawn<watchman>({.name = "w", .mailbox_messages = 1});
  auto c = rt.spawn<counter>("c");
  w.tell(look_at{c}).value();
  rt.settle();
  rt.silence(w);
  w.tell(look_at{c}).value();
  CHECK_FALSE(w.tell(look_at{c}).has_value());
  (void)rt.system().stop(c);
  rt.settle();
  rt.wake(w);
  rt.settle();
  CHECK(heard_by(rt, w) == lines{"c@0", "@1"});
}

TEST_CASE("who is linked fails with the other, in a wait too, both ways") {
  for (const bool first : {true, false}) {
    runtime rt;
    auto oracle = rt.probe<question>();
    rt.silence(oracle.address());
    auto w = rt.spawn<watchman>("w", oracle.address());
    auto c = rt.spawn<counter>("c");
    auto end = rt.spawn<watchman>("end");
    w.tell(join{c}).value();
    end.tell(look_at{c}).value();
    rt.settle();
    if (first) {
      w.tell(ponder{}).value();
      rt.settle();
      c.tell(explode{}).value();
    } else {
      w.tell(explode{}).value();
    }
    rt.settle();

    CHECK(rt.system().actor_count() == 2);
    CHECK(heard_by(rt, end).front() ==
          (first ? "c/actor 'c' failed handling actor_tests::explode: boom@0"
                 : "c/actor 'c' failed with one that it is linked to/actor 'w' "
                   "failed handling actor_tests::explode: tired@0"));
  }
}

TEST_CASE("who is linked to one that is stopped goes on") {
  runtime rt;
  auto w = rt.spawn<watchman>("w");
  auto c = rt.spawn<counter>("c");
  w.tell(join{c}).value();
  rt.settle();
  (void)rt.system().stop(c);
  rt.settle();
  CHECK(heard_by(rt, w).empty());
}

TEST_CASE("an actor that is linked may be restarted by its supervisor") {
  runtime rt;
  auto group = rt.system().supervise();
  auto w = group.spawn<watchman>("w");
  auto c = rt.spawn<counter>("c");
  w.tell(join{c}).value();
  rt.settle();
  c.tell(explode{}).value();
  rt.advance(1s);
  CHECK(group.restarts() == 1);
  CHECK(heard_by(rt, w).empty());
}

TEST_CASE("who watches learns that a supervisor has given up, of each child") {
  runtime rt;
  auto group = rt.system().supervise({.name = "tills", .max_restarts = 0});
  auto w = rt.spawn<watchman>("w");
  auto c = group.spawn<counter>("c");
  auto d = group.spawn<counter>("d");
  w.tell(look_at{c}).value();
  w.tell(look_at{d}).value();
  rt.settle();
  c.tell(explode{}).value();
  rt.settle();
  const std::string why =
      "/supervisor 'tills' gave up: more than 0 failures within 5000 ms"
      "/actor 'c' failed handling actor_tests::explode: boom@";
  CHECK(heard_by(rt, w) == lines{"c" + why + "0", "d" + why + "1"});
}

TEST_CASE("each of many watches on many threads ends exactly once") {
  commy::actor_system system{{.workers = 3}};
  constexpr int watchmen = 4;
  constexpr int targets = 300;
  std::vector<commy::ref<watchman>> all;
  for (int i = 0; i < watchmen; ++i)
    all.push_back(system.spawn<watchman>({.mailbox_messages = 2 * targets}));
  std::thread killer;
  {
    std::vector<commy::ref<counter>> others;
    for (int i = 0; i < targets; ++i)
      others.push_back(system.spawn<counter>(""));
    killer = std::thread{[&system, others] {
      for (const auto& c : others)
        (void)system.stop(c);
    }};
    for (const auto& c : others) {
      for (const auto& w : all)
        w.tell(look_at{c}).value();
    }
  }
  killer.join();
  for (const auto& w : all) {
    CHECK(eventually([&] {
      return system.ask(w, heard{}, deadline).value().size() >= targets;
    }));
    CHECK(system.ask(w, heard{}, deadline).value().size() == targets);
  }
}
