// Workers that steal, park and end.
#include "support.hpp"
#include <commy/actor/run_queue.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>

using namespace interleaving_tests;

namespace {

/// Two that wait for each other.
class meeting {
public:
  void arrive_and_wait() {
    std::unique_lock guard{mutex_};
    ++here_;
    all_here_.notify_all();
    all_here_.wait(guard, [&] { return here_ == 2; });
  }

private:
  commy::blocking::mutex mutex_;
  commy::blocking::condition_variable all_here_;
  int here_ = 0;
};

struct meet {
  meeting* at;
};

/// Its handler keeps its worker until another's is there as well.
class guest : public commy::actor {
public:
  explicit guest(tally& t) : tally_{&t} {}
  void on(const meet& m) {
    m.at->arrive_and_wait();
    tally_->handle();
  }

private:
  tally* tally_;
};

/// Makes several ready at once, in its worker's own queue.
class inviter : public commy::actor {
public:
  inviter(commy::ref<guest> one, commy::ref<guest> two) : guests_{one, two} {}
  void on(const meet& m) {
    for (const auto& g : guests_)
      g.tell(m).value();
  }

private:
  std::array<commy::ref<guest>, 2> guests_;
};

}  // namespace

TEST_CASE("interleaved thieves and their victim take each actor once") {
  using commy::actors::cell;
  using commy::actors::run_queue;
  static std::array<cell, 5> cells;
  explore(time_is::still, [] {
    run_queue queue;
    std::array<int, cells.size()> taken{};
    const auto take = [&](const cell* c) {
      for (std::size_t i = 0; i < cells.size(); ++i)
        taken.at(i) += c == &cells.at(i) ? 1 : 0;
      return c != nullptr;
    };
    const auto steal = [&] {
      run_queue mine;
      for (int i = 0; i < 2; ++i) {
        take(queue.steal_into(mine));
        while (take(mine.try_pop())) {
        }
      }
    };
    crew thieves;
    thieves.add("thief a", steal);
    thieves.add("thief b", steal);
    for (auto& c : cells) {
      expect(queue.try_push(c), "the queue is full");
      if (&c == &cells[2]) take(queue.try_pop());
    }
    while (take(queue.try_pop())) {
    }
    thieves.join();
    for (const auto times : taken)
      expect(times == 1, "an actor was lost, or taken twice");
  });
}

TEST_CASE("two interleaved handlers that block get a worker each") {
  explore(time_is::still, [] {
    tally t;
    t.wanted = 2;
    meeting point;
    commy::actor_system system{{.workers = 3}};
    const auto one = system.spawn<guest>("", t);
    const auto two = system.spawn<guest>("", t);
    crew tellers;
    tellers.add("teller a", [&] { one.tell(meet{&point}).value(); });
    tellers.add("teller b", [&] { two.tell(meet{&point}).value(); });
    t.done.wait();
    tellers.join();
  });
}

TEST_CASE("an interleaved worker without work steals what another has") {
  explore(time_is::still, [] {
    tally t;
    t.wanted = 2;
    meeting point;
    commy::actor_system system{{.workers = 2}};
    const auto one = system.spawn<guest>("", t);
    const auto two = system.spawn<guest>("", t);
    const auto host = system.spawn<inviter>("", one, two);
    host.tell(meet{&point}).value();
    t.done.wait();
  });
}

TEST_CASE("interleaved workers that park are woken for foreign messages") {
  explore(time_is::still, [] {
    commy::actor_system system{{.workers = 2}};
    tally t;
    const auto to = system.spawn<sink>("", t);
    const auto other = system.spawn<sink>("", t);
    // Each question is to a pool that is about to park.
    const auto ask_twice = [&](const commy::ref<sink>& whom) {
      for (int i = 0; i < 2; ++i) {
        expect(system.ask(whom, question{}, for_ever).has_value(), "no answer");
      }
    };
    crew askers;
    askers.add("asker a", [&] { ask_twice(to); });
    askers.add("asker b", [&] { ask_twice(other); });
  });
}

TEST_CASE("an interleaved pool ends while a foreign thread leaves it") {
  explore(time_is::still, [] {
    tally t;
    crew tellers;
    std::uint64_t dead = 0;
    {
      commy::actor_system system{{.workers = 2}};
      const auto to = system.spawn<sink>("", t);
      tellers.add("teller", [&t, to] { tell_notes(to, 2, t); });
      system.stop(to, commy::stop_mode::now);
      expect(system.wait_stopped(to, for_ever), "it has not stopped");
      dead = system.dead_letter_count();
    }
    tellers.join();
    expect(t.handled + static_cast<int>(dead) == t.accepted, "a note was lost");
  });
}

TEST_CASE("interleaved threads of pinned actors are used again") {
  explore(time_is::still, [] {
    tally t;
    commy::actor_system system{{.workers = 1}};
    const auto spawn_and_stop = [&] {
      for (int i = 0; i < 2; ++i) {
        const auto to = system.spawn<sink>(
            commy::spawn_options{.where = commy::executor::pinned}, t);
        tell_notes(to, 1, t);
        system.stop(to);
        expect(system.wait_stopped(to, for_ever), "it has not stopped");
      }
    };
    crew others;
    others.add("other", spawn_and_stop);
    spawn_and_stop();
    others.join();
    expect(t.handled == 4, "a note was lost");
  });
}

TEST_CASE("an interleaved loop of the host is woken for each message") {
  explore(time_is::still, [] {
    tally t;
    commy::actor_system system{{.workers = 1}};
    const auto to = system.spawn<sink>(
        commy::spawn_options{.where = commy::executor::host}, t);
    t.wanted = 4;
    crew others;
    others.add("teller a", [&] { tell_notes(to, 2, t); });
    others.add("teller b", [&] { tell_notes(to, 2, t); });
    others.add("ender", [&] {
      t.done.wait();
      system.end_run();
    });
    system.run();
    others.join();
    expect(t.handled == 4, "a note was lost");
  });
}
