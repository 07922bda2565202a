// Workers that wait in an event source.
#include "support.hpp"
#include <commy/actor/event_source.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <array>
#include <optional>

using namespace interleaving_tests;

namespace {

/// Brings notes to a sink, as an inbox does: whoever puts one in wakes the
/// worker that waits, and nobody else.
class post final : public commy::event_source {
public:
  void put() {
    const std::lock_guard hold{mutex_};
    ++waiting_;
    changed_.notify_one();
  }
  void deliver_to(const commy::ref<sink>& whom, tally& t) {
    const std::lock_guard hold{mutex_};
    to_.emplace(whom);
    tally_ = &t;
  }

  std::size_t poll() noexcept override {
    enter();
    std::unique_lock hold{mutex_};
    const auto count = std::exchange(waiting_, 0);
    hold.unlock();
    if (count != 0) tell_notes(*to_, count, *tally_);
    leave();
    return static_cast<std::size_t>(count);
  }
  void wait() noexcept override {
    enter();
    {
      std::unique_lock hold{mutex_};
      changed_.wait(hold, [&] { return waiting_ != 0 || interrupted_; });
      interrupted_ = false;
    }
    leave();
  }
  void interrupt() noexcept override {
    enter_any();
    const std::lock_guard hold{mutex_};
    interrupted_ = true;
    changed_.notify_one();
  }
  /// Nobody may come in from now on.
  void end() noexcept { ended_ = true; }

private:
  void enter() noexcept {
    enter_any();
    expect(!inside_, "two workers in the source");
    inside_ = true;
  }
  void leave() noexcept { inside_ = false; }
  void enter_any() const noexcept { expect(!ended_, "in a source that ended"); }

  commy::blocking::mutex mutex_;
  commy::blocking::condition_variable changed_;
  int waiting_ = 0;
  bool interrupted_ = false;
  bool inside_ = false;
  bool ended_ = false;
  std::optional<commy::ref<sink>> to_;
  tally* tally_ = nullptr;
};

/// A system, a sink in it, and a post that brings it notes.
struct office {
  explicit office(unsigned workers) : system{{.workers = workers}} {
    to.emplace(system.spawn<sink>("", t));
    box.deliver_to(*to, t);
    expect(system.attach(box), "there was a source");
  }
  ~office() {
    system.detach(box);
    box.end();
  }
  post box;
  tally t;
  commy::actor_system system;
  std::optional<commy::ref<sink>> to;
};

void put_two(post& box) {
  box.put();
  box.put();
}

}  // namespace

TEST_CASE("an interleaved worker in a source runs what the source brings") {
  explore(time_is::still, [] {
    office o{1};
    o.t.wanted = 2;
    crew others;
    others.add("carrier", [&] { put_two(o.box); });
    o.t.done.wait();
  });
}

TEST_CASE("an interleaved worker in a source is woken for foreign messages") {
  explore(time_is::still, [] {
    office o{1};
    o.t.wanted = 4;
    crew others;
    others.add("carrier", [&] { put_two(o.box); });
    others.add("teller", [&] { tell_notes(*o.to, 2, o.t); });
    o.t.done.wait();
  });
}

TEST_CASE("interleaved workers share a source and their actors") {
  explore(time_is::still, [] {
    office o{2};
    const auto ask_twice = [&] {
      for (int i = 0; i < 2; ++i) {
        expect(o.system.ask(*o.to, question{}, for_ever).has_value(),
               "no answer");
      }
    };
    o.t.wanted = 2;
    crew others;
    others.add("carrier", [&] { put_two(o.box); });
    others.add("asker", ask_twice);
    o.t.done.wait();
  });
}

TEST_CASE("an interleaved source is served beside a handler that blocks") {
  explore(time_is::still, [] {
    office o{2};
    gate entered;
    gate leave;
    const auto slow = o.system.spawn<sink>("", o.t);
    tally more;
    const auto busy = o.system.spawn<sink>("", more);
    const auto other = o.system.spawn<sink>("", more);
    crew others;
    // While one worker runs the first, the second wakes who is in the source.
    others.add("teller", [&] {
      tell_notes(busy, 1, more);
      tell_notes(other, 1, more);
    });
    others.add("asker", [&] {
      expect(o.system.ask(slow, hold{&entered, &leave}, for_ever).has_value(),
             "no answer");
    });
    entered.wait();
    // One worker is in the handler; the other has to see this.
    o.t.wanted = 1;
    o.box.put();
    o.t.done.wait();
    leave.open();
    others.join();
  });
}

TEST_CASE("an interleaved source is taken away at any moment") {
  // With one worker, each note for it interrupts it in the source.
  const auto workers = GENERATE(1U, 2U);
  explore(time_is::still, [=] {
    std::array<post, 2> boxes;  // Ended ones stay, to see who comes too late.
    tally t;
    commy::actor_system system{{.workers = workers}};
    const auto to = system.spawn<sink>("", t);
    crew others;
    others.add("teller", [&] { tell_notes(to, 2, t); });
    for (auto& box : boxes) {
      box.deliver_to(to, t);
      expect(system.attach(box), "there was a source");
      expect(!system.attach(box), "there were two sources");
      box.put();
      system.detach(box);
      box.end();
    }
    expect(system.ask(to, question{}, for_ever).has_value(), "no answer");
    others.join();
  });
}

TEST_CASE("an interleaved system ends with a worker in its source") {
  explore(time_is::still, [] {
    post box;
    tally t;
    commy::actor_system system{{.workers = 2}};
    box.deliver_to(system.spawn<sink>("", t), t);
    expect(system.attach(box), "there was a source");
    crew others;
    others.add("carrier", [&] { box.put(); });
    others.join();
  });
}
