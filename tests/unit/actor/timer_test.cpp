// Timers: when they ring, that they end, and what they do beside messages.
#include "support.hpp"
#include <commy/actor/alarm_clock.hpp>
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace actor_tests;
using commy::test::runtime;

namespace {

struct tick {
  int number = 0;
};
struct wait_for {
  std::chrono::milliseconds time;
  int number;
};
struct repeat {
  std::chrono::milliseconds period;
};
struct forget_all {};
struct seen {
  using reply = std::vector<int>;
};
struct slow {
  using reply = int;
  std::chrono::milliseconds patience;
};
struct silent_question {
  using reply = int;
};
struct fill {
  int count;
};

class sleeper : public commy::actor {
public:
  sleeper() = default;
  explicit sleeper(commy::address<silent_question> other) : other_{other} {}

  void on(wait_for m) {
    timers_.push_back(after(this, m.time, tick{m.number}));
  }
  void on(repeat m) { timers_.push_back(every(this, m.period, tick{})); }
  void on(tick m) { seen_.push_back(m.number); }
  void on(forget_all) {
    for (const auto t : timers_)
      (void)cancel(t);
    timers_.clear();
  }
  std::vector<int> on(seen) const { return seen_; }
  commy::task<int> on(slow m) {
    auto answer = co_await ask(other_, silent_question{}, m.patience);
    seen_.push_back(-1);
    co_return answer ? *answer : 0;
  }
  void on(explode) { throw std::runtime_error{"boom"}; }
  void on(fill m) {
    for (int i = 0; i < m.count; ++i)
      (void)after(this, 1h, tick{i});
  }

private:
  std::vector<int> seen_;
  std::vector<commy::timer> timers_;
  commy::address<silent_question> other_;
};

std::vector<int> seen_by(runtime& rt, const commy::ref<sleeper>& who) {
  return rt.ask(who, seen{}).value();
}

}  // namespace

TEST_CASE("a timer rings once its time has passed, and not before") {
  runtime rt;
  auto s = rt.spawn<sleeper>("s");
  s.tell(wait_for{100ms, 7}).value();

  rt.advance(99ms);
  CHECK(seen_by(rt, s).empty());
  rt.advance(1ms);
  CHECK(seen_by(rt, s) == std::vector{7});
  rt.advance(1h);
  CHECK(seen_by(rt, s) == std::vector{7});
}

TEST_CASE("timers ring in the order of their times, equal ones as made") {
  runtime rt;
  auto s = rt.spawn<sleeper>("s");
  s.tell(wait_for{30ms, 3}).value();
  s.tell(wait_for{10ms, 1}).value();
  s.tell(wait_for{20ms, 2}).value();
  s.tell(wait_for{30ms, 4}).value();
  s.tell(wait_for{0ms, 0}).value();

  rt.advance(1s);

  CHECK(seen_by(rt, s) == std::vector{0, 1, 2, 3, 4});
}

TEST_CASE("a cancelled timer is not handled, even when it was due") {
  runtime rt;
  auto s = rt.spawn<sleeper>("s");
  s.tell(wait_for{10ms, 1}).value();
  rt.settle();
  // The actor is silent when the time comes, and is told to cancel first.
  rt.silence(s);
  rt.advance(10ms);
  s.tell(forget_all{}).value();
  rt.wake(s);
  rt.settle();
  // Timers come before messages: this one was in time.
  CHECK(seen_by(rt, s) == std::vector{1});

  s.tell(wait_for{10ms, 2}).value();
  s.tell(forget_all{}).value();
  rt.advance(1s);
  CHECK(seen_by(rt, s) == std::vector{1});
}

TEST_CASE("a periodic timer keeps to its times, and misses are one message") {
  runtime rt;
  auto s = rt.spawn<sleeper>("s");
  s.tell(repeat{10ms}).value();
  rt.settle();

  rt.advance(35ms);
  CHECK(seen_by(rt, s).size() == 3);
  rt.silence(s);
  rt.advance(100ms);  // Ten times pass: 40, 50, ..., 130.
  rt.wake(s);
  rt.settle();
  CHECK(seen_by(rt, s).size() == 4);
  rt.advance(4ms);  // 139.
  CHECK(seen_by(rt, s).size() == 4);
  rt.advance(1ms);  // 140, as from the start.
  CHECK(seen_by(rt, s).size() == 5);
  s.tell(forget_all{}).value();
  rt.advance(1h);
  CHECK(seen_by(rt, s).size() == 5);
}

TEST_CASE("a timer waits for the handler that waits") {
  runtime rt;
  auto other = rt.probe<silent_question>();
  rt.silence(other.address());
  auto s = rt.spawn<sleeper>("s", other.address());
  s.tell(wait_for{10ms, 1}).value();
  s.tell(repeat{10ms}).value();
  s.tell(slow{50ms}).value();
  rt.settle();

  rt.advance(49ms);
  rt.advance(1ms);

  // The answer's timeout first, then what was due meanwhile.
  CHECK(seen_by(rt, s) == std::vector{-1, 1, 0});
}

TEST_CASE("the timers of an actor end with its object") {
  runtime rt;
  auto fast = rt.system().supervise({.first_delay = 0ms});
  auto s = fast.spawn<sleeper>("s");
  s.tell(wait_for{50ms, 1}).value();
  s.tell(repeat{10ms}).value();
  s.tell(explode{}).value();
  rt.settle();

  rt.advance(1s);

  CHECK(fast.restarts() == 1);
  CHECK(seen_by(rt, s).empty());
  s.tell(wait_for{50ms, 2}).value();
  rt.advance(50ms);
  CHECK(seen_by(rt, s) == std::vector{2});
}

TEST_CASE("what a timer's handler throws fails its actor like any other") {
  struct late_failure {};
  class bomb : public commy::actor {
  public:
    void on(reset) { (void)every(this, 10ms, late_failure{}); }
    void on(late_failure) { throw std::runtime_error{"boom"}; }
    int on(add m) { return m.amount; }
  };
  runtime rt;
  auto group = rt.system().supervise({.first_delay = 0ms});
  const auto guarded = group.spawn<bomb>("guarded");
  const auto alone = rt.spawn<bomb>("alone");
  std::vector<std::string> letters;
  const auto listening =
      rt.system().on_dead_letter([&](const commy::dead_letter& d) {
        letters.push_back(std::string{d.receiver} + ": " + std::string{d.text});
      });
  guarded.tell(reset{}).value();
  alone.tell(reset{}).value();

  rt.advance(1s);

  // The one is made anew, without its timer; the other stops.
  CHECK(group.restarts() == 1);
  CHECK(rt.ask(guarded, add{1}).value() == 1);
  CHECK(rt.system().actor_count() == 1);
  std::ranges::sort(letters);
  CHECK(letters == std::vector<std::string>{"alone: boom", "guarded: boom"});
}

TEST_CASE("more timers than an actor may have fail its handler") {
  runtime rt;
  auto s = rt.spawn<sleeper>("s");
  std::string why;
  const auto listening = rt.system().on_dead_letter(
      [&](const commy::dead_letter& d) { why = d.text; });
  s.tell(fill{65'536}).value();
  rt.settle();
  CHECK(rt.system().actor_count() == 1);
  s.tell(wait_for{1ms, 1}).value();
  rt.settle();

  CHECK(rt.system().actor_count() == 0);
  CHECK(why.find("65536 timers") != std::string::npos);
}

TEST_CASE("what stops with timers leaves nothing behind") {
  runtime rt;
  for (int i = 0; i < 100; ++i) {
    auto s = rt.spawn<sleeper>("s");
    s.tell(wait_for{10ms, 1}).value();
    s.tell(repeat{1ms}).value();
    rt.advance(std::chrono::milliseconds{i % 12});
    (void)rt.system().stop(
        s, i % 2 == 0 ? commy::stop_mode::drain : commy::stop_mode::now);
    REQUIRE(rt.system().wait_stopped(s, 1s));
  }
  rt.advance(1h);
  CHECK(rt.system().actor_count() == 0);
  CHECK(rt.now() > 1h);
}

TEST_CASE("timers ring on threads as well") {
  commy::actor_system system{{.workers = 2}};
  auto s = system.spawn<sleeper>("s");
  s.tell(wait_for{5ms, 1}).value();
  s.tell(wait_for{1ms, 0}).value();
  s.tell(repeat{1ms}).value();

  CHECK(eventually([&] {
    const auto so_far = system.ask(s, seen{}, deadline).value();
    return std::ranges::count(so_far, 1) == 1 && so_far.size() >= 12;
  }));
}

TEST_CASE("timers with slack ring together, and none too early or too late") {
  struct start {
    std::chrono::nanoseconds wait;
    std::chrono::nanoseconds slack;
  };
  struct lazy : commy::actor {
    explicit lazy(std::vector<std::chrono::nanoseconds>& rang) : rang_{&rang} {}
    void on(start m) { (void)after(this, m.wait, tick{0}, m.slack); }
    void on(tick) { rang_->push_back(now()); }
    std::vector<std::chrono::nanoseconds>* rang_;
  };
  for (const auto slack : {0ms, 1ms, 20ms, 500ms}) {
    runtime rt;
    std::vector<std::vector<std::chrono::nanoseconds>> rang(10);
    for (std::size_t i = 0; i < rang.size(); ++i) {
      rt.spawn<lazy>("", rang[i]).tell(start{100ms + i * 1ms, slack}).value();
    }
    rt.settle();
    int moments = 0;
    while (rt.system().advance_to_next(1s)) {
      ++moments;
      rt.settle();
    }
    CAPTURE(slack.count(), moments);
    for (std::size_t i = 0; i < rang.size(); ++i) {
      REQUIRE(rang[i].size() == 1);
      CHECK(rang[i][0] >= 100ms + i * 1ms);
      CHECK(rang[i][0] <= 100ms + i * 1ms + slack);
    }
    if (slack == 0ms) CHECK(moments == 10);
    if (slack >= 20ms) CHECK(moments <= 2);
  }
}

TEST_CASE("a long wait is kept to a hundredth, a short one exactly") {
  const commy::system_options options;  // Outlive the clock's thread.
  commy::actors::alarm_clock clock{options};
  for (const auto wait :
       {std::chrono::nanoseconds{5s}, std::chrono::nanoseconds{5min}}) {
    const auto before = clock.after(wait);
    const auto rough = clock.roughly_after(wait);
    const auto after = clock.after(wait);
    CHECK(rough >= before - wait.count() / 100);
    CHECK(rough <= after + wait.count() / 100);
  }
  const auto before = clock.after(10ms);
  const auto rough = clock.roughly_after(10ms);
  CHECK(rough >= before);
  CHECK(rough <= clock.after(10ms));
}
