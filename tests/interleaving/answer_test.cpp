// Questions: one answer each, whatever races for it.
#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

using namespace interleaving_tests;

namespace {

struct begin {};

/// Asks with a short time, and counts what came of it.
class hasty : public commy::actor {
public:
  hasty(commy::ref<sink> whom, tally& t) : whom_{whom}, tally_{&t} {}
  commy::task<void> on(begin) {
    for (int i = 0; i < 2; ++i) {
      const auto answer = co_await ask(whom_, echo{i}, 1ms);
      if (answer) {
        expect(*answer == i, "the answer to another question");
        ++tally_->answered;
      } else {
        expect(answer.error() == commy::ask_error::timeout, "another error");
        ++tally_->refused;
      }
    }
    tally_->handle();
  }

private:
  commy::ref<sink> whom_;
  tally* tally_;
};

/// Asks one that answers and then one that does not before the time is over.
class unlucky : public commy::actor {
public:
  unlucky(commy::ref<sink> quick, commy::ref<sink> slow, tally& t)
      : quick_{quick}, slow_{slow}, tally_{&t} {}
  commy::task<void> on(begin) {
    static_cast<void>(co_await ask(quick_, question{}, 1ms));
    const auto answer = co_await ask(slow_, hold{&entered_, &leave_}, 1ms);
    expect(!answer, "an answer from who waits for its end");
    leave_.open();
    tally_->handle();
  }

private:
  commy::ref<sink> quick_;
  commy::ref<sink> slow_;
  gate entered_;
  gate leave_;
  tally* tally_;
};

/// One of a pair that asks the other while it handles `begin`.
class partner : public commy::actor {
public:
  explicit partner(tally& t) : tally_{&t} {}
  struct know {
    commy::ref<partner> other;
  };
  void on(know m) { other_ = m.other; }
  int on(question) { return 1; }
  commy::task<void> on(begin) {
    const auto answer = co_await ask(other_, question{}, for_ever);
    if (answer) {
      ++tally_->answered;
    } else {
      expect(answer.error() == commy::ask_error::cycle, "another error");
      ++tally_->refused;
    }
    tally_->handle();
  }

private:
  tally* tally_;
  commy::ref<partner> other_;
};

/// Asks for the next number at each message, also after a restart.
class numbering : public commy::actor {
public:
  numbering(commy::ref<sink> whom, int* next, tally* t)
      : whom_{whom}, next_{next}, tally_{t} {}
  commy::task<void> on(begin) {
    const int mine = ++*next_;
    const auto answer = co_await ask(whom_, echo{mine}, for_ever);
    expect(answer && *answer == mine, "the answer to another question");
    tally_->handle();
  }

private:
  commy::ref<sink> whom_;
  int* next_;
  tally* tally_;
};

/// Throws at the first message that it is given.
class brittle : public commy::actor {
public:
  explicit brittle(tally* t) : tally_{t} {}
  void on(begin) { throw std::runtime_error{"boom"}; }
  void on(note) { tally_->handle(); }

private:
  tally* tally_;
};

class watchman : public commy::actor {
public:
  watchman(commy::ref<sink> whom, tally& t) : whom_{whom}, tally_{&t} {}
  void on(begin) { watch(this, whom_); }
  void on(const commy::stopped&) { tally_->handle(); }

private:
  commy::ref<sink> whom_;
  tally* tally_;
};

}  // namespace

TEST_CASE("an interleaved reply and a timeout give one answer") {
  explore(time_is::passing, [] {
    tally t;
    t.wanted = 2;
    commy::actor_system system{{.workers = 2}};
    const auto whom = system.spawn<sink>("", t);
    const auto who = system.spawn<hasty>("", whom, t);
    const auto other = system.spawn<hasty>("", whom, t);
    who.tell(begin{}).value();
    other.tell(begin{}).value();
    t.done.wait();
    expect(t.answered + t.refused == 4, "not one answer each");
  });
}

TEST_CASE("an interleaved alarm is not lost between two questions") {
  explore(time_is::passing, [] {
    tally t;
    t.wanted = 1;
    commy::actor_system system{{.workers = 2}};
    const auto quick = system.spawn<sink>("", t);
    const auto slow = system.spawn<sink>("", t);
    const auto who = system.spawn<unlucky>("", quick, slow, t);
    who.tell(begin{}).value();
    t.done.wait();
    // Its gates are its own: not before the slow one has left them.
    system.stop(slow);
    expect(system.wait_stopped(slow, for_ever), "it has not stopped");
  });
}

TEST_CASE("an interleaved answer to an object that is gone reaches no other") {
  explore(time_is::passing, [] {
    tally t;
    int next = 0;
    commy::actor_system system{{.workers = 2}};
    const auto whom = system.spawn<sink>("", t);
    const auto all = system.supervise(
        {.how = commy::strategy::one_for_all, .first_delay = 0ms});
    const auto who = all.spawn<numbering>("", whom, &next, &t);
    const auto bomb = all.spawn<brittle>("", &t);
    crew others;
    others.add("bomber", [&] {
      for (int i = 0; i < 3; ++i)
        bomb.tell(begin{}).value();
    });
    for (int i = 0; i < 5; ++i)
      who.tell(begin{}).value();
    others.join();
    system.stop(bomb);
    expect(system.wait_stopped(bomb, for_ever), "it has not stopped");
    system.stop(who);
    expect(system.wait_stopped(who, for_ever), "it has not stopped");
    const auto dead = static_cast<int>(system.dead_letter_count());
    // What failed, and at most one question with each.
    expect(t.handled + dead == 8, "a message was lost");
  });
}

TEST_CASE("interleaved askers of a receiver that stops get one answer each") {
  explore(time_is::still, [] {
    tally t;
    commy::actor_system system{{.workers = 2}};
    const auto to = system.spawn<sink>("", t);
    const auto ask = [&] {
      const auto answer = system.ask(to, question{}, for_ever);
      answer ? ++t.answered : ++t.refused;
      expect(answer || answer.error() == commy::ask_error::receiver_stopped,
             "another error");
    };
    crew others;
    others.add("asker", ask);
    others.add("teller", [&] {
      tell_notes(to, 1, t);
      ask();
    });
    system.stop(to);
    expect(system.wait_stopped(to, for_ever), "it has not stopped");
    others.join();
    const auto dead = static_cast<int>(system.dead_letter_count());
    expect(t.answered + t.refused == 2, "not one answer each");
    expect(t.handled + dead == t.accepted, "a note was lost");
  });
}

TEST_CASE("two interleaved actors that ask each other do not both wait") {
  explore(time_is::still, [] {
    tally t;
    t.wanted = 2;
    commy::actor_system system{{.workers = 2}};
    const auto one = system.spawn<partner>("", t);
    const auto two = system.spawn<partner>("", t);
    one.tell(partner::know{two}).value();
    two.tell(partner::know{one}).value();
    crew others;
    others.add("starter", [&] { one.tell(begin{}).value(); });
    two.tell(begin{}).value();
    t.done.wait();
    others.join();
    expect(t.answered + t.refused == 2, "not one answer each");
  });
}

TEST_CASE("an interleaved restart keeps the notes in the mailbox") {
  explore(time_is::passing, [] {
    tally t;
    t.wanted = 4;
    commy::actor_system system{{.workers = 2}};
    const auto tills = system.supervise();
    const auto to = tills.spawn<brittle>("", &t);
    crew tellers;
    tellers.add("teller a", [&] {
      tell_notes(to, 1, t);
      to.tell(begin{}).value();
      tell_notes(to, 1, t);
    });
    tellers.add("teller b", [&] { tell_notes(to, 2, t); });
    t.done.wait();
    tellers.join();
    expect(system.dead_letter_count() == 1, "not the one that failed alone");
  });
}

TEST_CASE("an interleaved watch and the end that it waits for meet once") {
  explore(time_is::still, [] {
    tally t;
    t.wanted = 1;
    commy::actor_system system{{.workers = 2}};
    tally unused;
    const auto whom = system.spawn<sink>("", unused);
    const auto who = system.spawn<watchman>("", whom, t);
    crew others;
    others.add("stopper", [&] { system.stop(whom); });
    who.tell(begin{}).value();
    t.done.wait();
    others.join();
    // What was told twice would come before the end.
    system.stop(who);
    expect(system.wait_stopped(who, for_ever), "it has not stopped");
    expect(t.handled == 1, "told twice");
  });
}
