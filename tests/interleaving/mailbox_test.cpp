// Senders, signals and the end against the owner of a mailbox.
#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace interleaving_tests;

namespace {

struct begin {};

/// Asks and waits, and takes notes otherwise.
class asker : public commy::actor {
public:
  asker(commy::ref<sink> whom, tally& t) : whom_{whom}, tally_{&t} {}
  commy::task<void> on(begin) {
    const auto answer = co_await ask(whom_, question{}, for_ever);
    answer ? ++tally_->answered : ++tally_->refused;
    tally_->handle();
  }
  void on(note) { tally_->handle(); }

private:
  commy::ref<sink> whom_;
  tally* tally_;
};

/// Waits until the one that it asks is let go, or it is ended.
class patient : public commy::actor {
public:
  patient(commy::ref<sink> whom, gate& entered, gate& leave)
      : whom_{whom}, entered_{&entered}, leave_{&leave} {}
  commy::task<void> on(begin) {
    static_cast<void>(co_await ask(whom_, hold{entered_, leave_}, for_ever));
  }

private:
  commy::ref<sink> whom_;
  gate* entered_;
  gate* leave_;
};

}  // namespace

TEST_CASE("interleaved senders wake an owner that goes idle") {
  explore(time_is::still, [] {
    tally t;
    t.wanted = 4;
    commy::actor_system system{{.workers = 1}};
    const auto to = system.spawn<sink>("", t);
    crew senders;
    senders.add("sender a", [&] { tell_notes(to, 2, t); });
    senders.add("sender b", [&] { tell_notes(to, 2, t); });
    t.done.wait();
    senders.join();
    expect(t.handled == 4, "a note was handled twice");
  });
}

TEST_CASE("an interleaved answer wakes an owner that waits for it") {
  explore(time_is::still, [] {
    tally t;
    t.wanted = 3;
    commy::actor_system system{{.workers = 2}};
    const auto whom = system.spawn<sink>("", t);
    const auto who = system.spawn<asker>("", whom, t);
    crew others;
    others.add("starter", [&] { who.tell(begin{}).value(); });
    others.add("teller", [&] { tell_notes(who, 2, t); });
    t.done.wait();
    others.join();
    expect(t.answered == 1, "the answer is not the reply");
  });
}

TEST_CASE("an interleaved order to stop reaches an owner that goes idle") {
  explore(time_is::still, [] {
    tally t;
    commy::actor_system system{{.workers = 1}};
    const auto to = system.spawn<sink>("", t);
    crew others;
    others.add("teller", [&] { tell_notes(to, 2, t); });
    others.add("stopper", [&] { system.stop(to, commy::stop_mode::now); });
    expect(system.wait_stopped(to, for_ever), "it has not stopped");
    others.join();
    const auto dead = static_cast<int>(system.dead_letter_count());
    expect(t.handled + dead == t.accepted, "a note was lost");
  });
}

TEST_CASE("an interleaved order to stop reaches an actor just made") {
  explore(time_is::still, [] {
    tally t;
    commy::actor_system system{{.workers = 1}};
    crew others;
    others.add("stopper", [&] {
      // It has its name before it has its object.
      const auto made = system.find<sink>("made");
      if (!made) return;
      system.stop(*made);
      expect(system.wait_stopped(*made, for_ever), "it has not stopped");
    });
    static_cast<void>(system.spawn<sink>("made", t));
    others.join();
  });
}

TEST_CASE("an interleaved order to stop reaches an owner that waits") {
  explore(time_is::still, [] {
    tally t;
    gate entered;
    gate leave;
    commy::actor_system system{{.workers = 2}};
    const auto whom = system.spawn<sink>("", t);
    const auto who = system.spawn<patient>("", whom, entered, leave);
    crew others;
    others.add("starter", [&] { who.tell(begin{}).value(); });
    entered.wait();
    others.add("stopper", [&] { system.stop(who, commy::stop_mode::now); });
    expect(system.wait_stopped(who, for_ever), "it has not stopped");
    leave.open();
    others.join();
  });
}

TEST_CASE("no interleaved note reaches the next actor of a cell") {
  explore(time_is::still, [] {
    tally before;
    tally after;
    after.wanted = 1;
    commy::actor_system system{{.workers = 2}};
    const auto to = system.spawn<sink>("", before);
    crew others;
    others.add("teller a", [&] { tell_notes(to, 2, before); });
    others.add("teller b", [&] { tell_notes(to, 2, before); });
    others.add("stopper", [&] { system.stop(to); });
    expect(system.wait_stopped(to, for_ever), "it has not stopped");
    const auto next = system.spawn<sink>("", after);
    tell_notes(next, 1, after);
    after.done.wait();
    others.join();
    // A note that came late lies in the next actor's mailbox.
    expect(system.shutdown(for_ever).empty(), "somebody is late");
    const auto dead = static_cast<int>(system.dead_letter_count());
    expect(before.handled + dead == before.accepted, "a note was lost");
    expect(after.handled == 1, "a note went to the next actor");
  });
}

TEST_CASE("interleaved senders never exceed the bound of a mailbox") {
  explore(time_is::still, [] {
    tally t;
    gate entered;
    gate leave;
    commy::actor_system system{{.workers = 1, .mailbox_messages = 2}};
    const auto to = system.spawn<sink>("", t);
    crew asking;
    asking.add("asker", [&] {
      t.answered += system.ask(to, hold{&entered, &leave}, for_ever).value();
    });
    entered.wait();
    crew senders;
    senders.add("sender a", [&] { tell_notes(to, 2, t); });
    senders.add("sender b", [&] { tell_notes(to, 2, t); });
    senders.join();
    // The message in work still has its room.
    expect(t.accepted == 1, "not as many as there is room for");
    leave.open();
    asking.join();
    expect(t.answered == 1, "no answer");
  });
}
