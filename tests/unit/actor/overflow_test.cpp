// What a full mailbox does with one more message, by each policy; urgent
// messages.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace actor_tests;
using commy::dead_reason;
using commy::overflow;
using commy::test::runtime;

namespace {

struct note {
  int number;
};
struct question {
  using reply = int;
  int number;
};
struct tick {
  int symbol;
  int price;
  [[nodiscard]] int key() const noexcept { return symbol; }
};
struct tock {
  int symbol;
  [[nodiscard]] int key() const noexcept { return symbol; }
};
struct named_tick {
  std::string symbol;
  int price;
  [[nodiscard]] const std::string& key() const noexcept { return symbol; }
};
struct alarm_bell {
  static constexpr bool urgent = true;
  int number;
};
struct urgent_explosion {
  static constexpr bool urgent = true;
};
struct ponder {
  commy::address<question> whom;
};
struct urgent_question {
  using reply = int;
  static constexpr bool urgent = true;
};
struct parcel {
  std::string content;
  [[nodiscard]] std::size_t extra_bytes() const noexcept {
    return content.capacity();
  }
};
/// Writes down what it handles.
class listener : public commy::actor {
public:
  explicit listener(std::vector<std::string>& heard) : heard_{&heard} {}

  void on(note m) { hear("note ", m.number); }
  int on(question m) {
    hear("question ", m.number);
    return m.number;
  }
  void on(tick m) {
    heard_->push_back(std::to_string(m.symbol) + ": " +
                      std::to_string(m.price));
  }
  void on(tock m) { hear("tock ", m.symbol); }
  void on(const named_tick& m) {
    heard_->push_back(m.symbol + ": " + std::to_string(m.price));
  }
  void on(alarm_bell m) { hear("bell ", m.number); }
  int on(urgent_question) {
    hear("urgent question ", 0);
    return 7;
  }
  commy::task<> on(ponder m) {
    on(note{*co_await ask(m.whom, question{0}, 1h)});
  }
  void on(const parcel& m) {
    hear("parcel ", static_cast<int>(m.content.size()));
  }

private:
  void hear(const char* what, int number) {
    heard_->push_back(what + std::to_string(number));
  }
  std::vector<std::string>* heard_;
};

/// A listener that gets no turn until `rt.wake`.
struct deaf {
  explicit deaf(overflow policy, std::uint32_t messages = 2,
                std::uint64_t bytes = 0)
      : actor{rt.system().spawn<listener>(
            commy::spawn_options{.name = "deaf",
                                 .mailbox_messages = messages,
                                 .mailbox_bytes = bytes,
                                 .when_full = policy},
            heard)} {
    rt.silence(actor);
  }

  std::vector<std::string> wake() {
    rt.wake(actor);
    rt.settle();
    return heard;
  }

  std::vector<std::string> heard;
  runtime rt;
  commy::ref<listener> actor;
};

}  // namespace

TEST_CASE("a mailbox that drops the oldest keeps the newest") {
  deaf box{overflow::drop_oldest};
  std::vector<commy::dead_letter> dead;
  const auto listening = box.rt.system().on_dead_letter(
      [&](const commy::dead_letter& d) { dead.push_back(d); });
  for (int i = 1; i <= 5; ++i)
    CHECK(box.actor.tell(note{i}));
  CHECK(box.rt.system().inspect().actors[0].queued == 2);

  CHECK(box.wake() == std::vector<std::string>{"note 4", "note 5"});
  // The receiver reports them, in one letter.
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].why == dead_reason::mailbox_full);
  CHECK(dead[0].count == 3);
  CHECK(box.rt.system().dead_letter_count() == 3);
}

TEST_CASE("what is dropped while the receiver waits is reported meanwhile") {
  deaf box{overflow::drop_oldest};
  auto other = box.rt.probe<question>();
  other.answer<question>([](const question& m) { return m.number; });
  box.rt.silence(other.address());
  CHECK(box.actor.tell(ponder{other.address()}));
  CHECK(box.wake().empty());
  for (int i = 1; i <= 2; ++i)
    CHECK(box.actor.tell(note{i}));
  box.rt.settle();
  for (int i = 3; i <= 5; ++i)
    CHECK(box.actor.tell(note{i}));
  box.rt.settle();
  CHECK(box.rt.system().dead_letter_count() == 3);

  box.rt.wake(other.address());
  CHECK(box.wake() == std::vector<std::string>{"note 0", "note 4", "note 5"});
}

TEST_CASE("a mailbox that drops the newest keeps the oldest") {
  deaf box{overflow::drop_newest};
  for (int i = 1; i <= 5; ++i)
    CHECK(box.actor.tell(note{i}));

  CHECK(box.wake() == std::vector<std::string>{"note 1", "note 2"});
  CHECK(box.rt.system().dead_letter_count() == 3);
}

TEST_CASE("a request that is dropped for room is answered so") {
  deaf box{overflow::drop_oldest, 1};
  struct go {};
  struct asker : commy::actor {
    asker(commy::ref<listener> to, std::string& outcome)
        : to_{to}, outcome_{&outcome} {}
    commy::task<> on(go) {
      const auto answer = co_await ask(to_, question{1}, 1h);
      *outcome_ = answer ? "answered" : std::string{answer.error().message()};
    }
    commy::ref<listener> to_;
    std::string* outcome_;
  };
  std::string outcome;
  const auto a = box.rt.spawn<asker>("asker", box.actor, outcome);
  a.tell(go{}).value();
  box.rt.settle();
  REQUIRE(outcome.empty());

  CHECK(box.actor.tell(note{2}));
  box.rt.settle();
  CHECK(outcome.find("mailbox is full") != std::string::npos);
  CHECK(box.wake() == std::vector<std::string>{"note 2"});
  CHECK(box.rt.system().dead_letter_count() == 0);
}

TEST_CASE("a mailbox that keeps the latest of each key replaces in place") {
  deaf box{overflow::latest_by_key, 3};
  CHECK(box.actor.tell(tick{1, 10}));
  CHECK(box.actor.tell(tick{2, 20}));
  CHECK(box.actor.tell(note{1}));
  CHECK(box.actor.tell(tick{1, 11}));  // Also where there is no room.
  CHECK(box.actor.tell(tick{2, 21}));
  CHECK(box.actor.tell(tick{1, 12}));
  // What replaces nothing finds the mailbox full.
  CHECK(box.actor.tell(tick{3, 30}).error() == commy::tell_error::mailbox_full);
  CHECK(box.actor.tell(note{2}).error() == commy::tell_error::mailbox_full);
  CHECK(box.rt.system().inspect().actors[0].replaced == 3);

  CHECK(box.wake() == std::vector<std::string>{"1: 12", "2: 21", "note 1"});
  CHECK(box.rt.system().dead_letter_count() == 0);
  // The keys went with their messages.
  CHECK(box.actor.tell(tick{1, 13}));
  CHECK(box.wake().back() == "1: 13");
}

TEST_CASE("keys may be texts, and differ by type") {
  deaf box{overflow::latest_by_key, 10};
  CHECK(box.actor.tell(named_tick{"1", 10}));
  CHECK(box.actor.tell(tick{1, 1}));
  CHECK(box.actor.tell(named_tick{"2", 20}));
  CHECK(box.actor.tell(named_tick{"1", 11}));
  CHECK(box.actor.tell(tock{1}));
  CHECK(box.actor.tell(tick{1, 2}));

  CHECK(box.wake() ==
        std::vector<std::string>{"1: 11", "1: 2", "2: 20", "tock 1"});
}

TEST_CASE("messages of two types with equal keys are each replaced") {
  deaf box{overflow::latest_by_key, 10};
  CHECK(box.actor.tell(tick{1, 1}));
  for (int i = 0; i < 100; ++i)
    CHECK(box.actor.tell(tock{1}));
  CHECK(box.wake() == std::vector<std::string>{"1: 1", "tock 1"});
}

TEST_CASE("a replacement keeps to the bound on bytes") {
  struct state {
    int about;
    std::string text;
    [[nodiscard]] int key() const noexcept { return about; }
    [[nodiscard]] std::size_t extra_bytes() const noexcept {
      return text.size();
    }
  };
  struct keeper : commy::actor {
    void on(const state&) {}
  };
  runtime rt;
  const auto a = rt.system().spawn<keeper>(commy::spawn_options{
      .mailbox_bytes = 10'000, .when_full = overflow::latest_by_key});
  rt.silence(a);
  for (int i = 0; i < 10; ++i)
    CHECK(a.tell(state{i, "small"}));
  CHECK(a.tell(state{0, std::string(20'000, 'x')}));  // The last one.
  CHECK_FALSE(a.tell(state{1, std::string(20'000, 'x')}));
  CHECK(a.tell(state{0, "small"}));
  CHECK(a.tell(state{1, std::string(20'000, 'x')}));
}

TEST_CASE("a request that nobody waits for is a dead letter when dropped") {
  deaf box{overflow::drop_oldest, 1};
  CHECK(box.actor.tell(question{1}));
  CHECK(box.actor.tell(note{1}));
  CHECK(box.wake() == std::vector<std::string>{"note 1"});
  CHECK(box.rt.system().dead_letter_count() == 1);
}

TEST_CASE("what comes past the mailbox during construction is handled") {
  struct eager : commy::actor {
    eager(commy::ref<listener> gone, std::vector<std::string>& heard)
        : heard_{&heard} {
      self(this).tell(alarm_bell{3}).value();
      watch(this, gone);
    }
    void on(alarm_bell) { heard_->push_back("bell"); }
    void on(const commy::stopped&) { heard_->push_back("stopped"); }
    std::vector<std::string>* heard_;
  };
  std::vector<std::string> heard;
  commy::actor_system system{{.workers = 1}};
  const auto gone = system.spawn<listener>("", heard);
  system.stop(gone);
  REQUIRE(system.wait_stopped(gone, deadline));
  const auto e = system.spawn<eager>("", gone, heard);
  // By itself: nothing else is told to it.
  REQUIRE(eventually([&] { return system.inspect().actors[0].handled == 2; }));
  system.stop(e);
  REQUIRE(system.wait_stopped(e, deadline));
  CHECK(heard == std::vector<std::string>{"bell", "stopped"});
}

TEST_CASE("a mailbox without room for one message is refused") {
  CHECK_THROWS_AS(commy::actor_system{{.mailbox_messages = 0}},
                  std::invalid_argument);
  CHECK_THROWS_AS(commy::actor_system{{.mailbox_bytes = 0}},
                  std::invalid_argument);
}

TEST_CASE("an actor whose policy is to stop ends when it is full") {
  deaf box{overflow::stop};
  auto watching = box.rt.probe<commy::stopped>();
  struct watcher : commy::actor {
    watcher(commy::ref<listener> other, commy::address<commy::stopped> to)
        : to_{to} {
      watch(this, other);
    }
    void on(commy::stopped m) { to_.tell(std::move(m)).value(); }
    commy::address<commy::stopped> to_;
  };
  (void)box.rt.spawn<watcher>("watcher", box.actor, watching.address());
  CHECK(box.actor.tell(note{1}));
  CHECK(box.actor.tell(note{2}));
  auto third = box.actor.tell(note{3});
  REQUIRE_FALSE(third);
  CHECK(third.error() == commy::tell_error::mailbox_full);
  CHECK(third.take_back().number == 3);

  CHECK(box.wake().empty());
  CHECK(box.rt.system().dead_letter_count() == 2);
  const auto end = watching.take<commy::stopped>().value();
  REQUIRE(end.reasons.size() == 1);
  CHECK(end.reasons[0] ==
        "actor 'deaf' was stopped: its mailbox of 2 messages was full");
}

TEST_CASE("a mailbox is full by bytes, its messages' own memory included") {
  for (const auto policy : {overflow::reject, overflow::drop_newest}) {
    deaf box{policy, 1000, 10'000};
    CHECK(box.actor.tell(parcel{std::string(5000, 'x')}));
    CHECK(box.actor.tell(parcel{std::string(8000, 'x')}));  // Over the line.
    CHECK(box.actor.tell(note{1}).has_value() ==
          (policy == overflow::drop_newest));
    CHECK(box.rt.system().inspect().actors[0].queued_bytes > 13'000);
    CHECK(box.rt.system().inspect().actors[0].mailbox_bytes == 10'000);

    CHECK(box.wake() == std::vector<std::string>{"parcel 5000", "parcel 8000"});
    CHECK(box.rt.system().inspect().actors[0].queued_bytes == 0);
    CHECK(box.actor.tell(note{2}));
    CHECK(box.wake().back() == "note 2");
  }
}

TEST_CASE("urgent messages overtake others and keep their own order") {
  for (const auto policy : {overflow::reject, overflow::drop_oldest}) {
    deaf box{policy, 10};
    CHECK(box.actor.tell(note{1}));
    CHECK(box.actor.tell(alarm_bell{1}));
    CHECK(box.actor.tell(note{2}));
    CHECK(box.actor.tell(alarm_bell{2}));
    CHECK(box.rt.system().inspect().actors[0].queued == 4);

    CHECK(box.wake() ==
          std::vector<std::string>{"bell 1", "bell 2", "note 1", "note 2"});
    CHECK(box.rt.system().inspect().actors[0].queued == 0);
    CHECK(*box.rt.ask(box.actor, urgent_question{}) == 7);
  }
}

TEST_CASE("urgent messages are bounded with the others") {
  deaf box{overflow::reject};
  CHECK(box.actor.tell(alarm_bell{1}));
  CHECK(box.actor.tell(note{1}));
  CHECK(box.actor.tell(alarm_bell{2}).error() ==
        commy::tell_error::mailbox_full);

  CHECK(box.wake() == std::vector<std::string>{"bell 1", "note 1"});
}

TEST_CASE("an actor that drains handles its urgent messages too") {
  deaf box{overflow::reject, 10};
  CHECK(box.actor.tell(note{1}));
  CHECK(box.actor.tell(alarm_bell{1}));
  box.rt.system().stop(box.actor);

  CHECK(box.wake() == std::vector<std::string>{"bell 1", "note 1"});
  CHECK(box.rt.system().dead_letter_count() == 0);
  CHECK(box.actor.tell(alarm_bell{2}).error() == commy::tell_error::stopped);
}

TEST_CASE("urgent messages of an actor that stops now are dead letters") {
  for (const auto policy : {overflow::reject, overflow::wait}) {
    deaf box{policy, 10};
    CHECK(box.actor.tell(note{1}));
    CHECK(box.actor.tell(alarm_bell{1}));
    box.rt.system().stop(box.actor, commy::stop_mode::now);

    CHECK(box.wake().empty());
    CHECK(box.rt.system().dead_letter_count() == 2);
  }
}

TEST_CASE("a restart keeps the mailbox, whatever the policy") {
  struct fragile : listener {
    using listener::listener;
    using listener::on;
    void on(urgent_explosion) { throw std::runtime_error{"boom"}; }
  };
  for (const auto policy : {overflow::reject, overflow::wait,
                            overflow::drop_oldest, overflow::latest_by_key}) {
    std::vector<std::string> heard;
    runtime rt;
    const auto above = rt.system().supervise();
    const auto actor = above.spawn<fragile>(
        commy::spawn_options{.mailbox_messages = 10, .when_full = policy},
        std::ref(heard));
    rt.silence(actor);
    CHECK(actor.tell(note{1}));
    CHECK(actor.tell(urgent_explosion{}));
    CHECK(actor.tell(alarm_bell{1}));
    CHECK(actor.tell(note{2}));
    rt.wake(actor);
    rt.advance(1s);

    CHECK(above.restarts() == 1);
    CHECK(heard == std::vector<std::string>{"bell 1", "note 1", "note 2"});
  }
}

TEST_CASE("under threads each message is handled, dropped or replaced, once") {
  for (const auto policy : {overflow::drop_oldest, overflow::drop_newest,
                            overflow::latest_by_key, overflow::reject}) {
    struct counting : commy::actor {
      explicit counting(std::atomic<std::uint64_t>& handled)
          : handled_{&handled} {}
      void on(tick) { ++*handled_; }
      void on(alarm_bell) { ++*handled_; }
      std::atomic<std::uint64_t>* handled_;
    };
    std::atomic<std::uint64_t> handled{0};
    std::atomic<std::uint64_t> accepted{0};
    std::uint64_t replaced = 0;
    std::uint64_t dead = 0;
    {
      commy::actor_system system{{.workers = 2}};
      const auto actor = system.spawn<counting>(
          commy::spawn_options{.mailbox_messages = 8, .when_full = policy},
          handled);
      std::vector<std::thread> senders;
      senders.reserve(3);
      for (int s = 0; s < 3; ++s) {
        senders.emplace_back([&, s] {
          for (int i = 0; i < 20'000; ++i) {
            const bool in = i % 10 == 0
                                ? actor.tell(alarm_bell{i}).has_value()
                                : actor.tell(tick{i % 20, s}).has_value();
            if (in) ++accepted;
          }
        });
      }
      for (auto& t : senders)
        t.join();
      REQUIRE(
          eventually([&] { return system.inspect().actors[0].queued == 0; }));
      replaced = system.inspect().actors[0].replaced;
      system.stop(actor);
      REQUIRE(system.wait_stopped(actor, deadline));
      dead = system.dead_letter_count();
    }
    CAPTURE(static_cast<int>(policy), handled, replaced, dead);
    CHECK(handled + replaced + dead == accepted);
    CHECK(handled > 0);
    if (policy == overflow::drop_oldest || policy == overflow::drop_newest) {
      CHECK(accepted == 60'000);
    }
    CHECK((replaced > 0) == (policy == overflow::latest_by_key));
  }
}
