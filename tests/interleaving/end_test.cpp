// The end of a whole system.
#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <utility>

using namespace interleaving_tests;

namespace {

/// Says when its last copy is gone.
using last_copy = std::shared_ptr<int>;

/// Its supervisor keeps the argument for restarts.
class keeper : public commy::actor {
public:
  explicit keeper(last_copy argument) : argument_{std::move(argument)} {}
  void on(note) {}

private:
  last_copy argument_;
};

}  // namespace

TEST_CASE("who waits for an interleaved end sees all of it") {
  explore(time_is::still, [] {
    commy::actor_system system{{.workers = 2}};
    const auto keepers = system.supervise();
    auto argument = std::make_shared<int>();
    const std::weak_ptr<int> watched = argument;
    const auto to = keepers.spawn<keeper>("keeper", std::move(argument));
    crew others;
    others.add("stopper", [&] { system.stop(to); });
    static_cast<void>(to.tell(note{}));
    expect(system.wait_stopped(to, for_ever), "it has not stopped");
    expect(watched.expired(), "its argument is alive");
    expect(system.actor_count() == 0, "it still counts");
    expect(!system.find<keeper>("keeper"), "its name is taken");
    others.join();
  });
}

TEST_CASE("an interleaved shutdown loses no note and no answer") {
  explore(time_is::still, [] {
    tally t;
    commy::actor_system system{{.workers = 2}};
    const auto one = system.spawn<sink>("", t);
    const auto two = system.spawn<sink>("", t);
    const auto work = [&](const commy::ref<sink>& to) {
      tell_notes(to, 1, t);
      const auto answer = system.ask(to, question{}, for_ever);
      answer ? ++t.answered : ++t.refused;
      tell_notes(to, 1, t);
    };
    crew others;
    others.add("teller a", [&] { work(one); });
    others.add("teller b", [&] { work(two); });
    expect(system.shutdown(for_ever).empty(), "somebody is late");
    others.join();
    const auto dead = static_cast<int>(system.dead_letter_count());
    expect(t.handled + dead == t.accepted, "a note was lost");
    expect(dead == 0, "a drain leaves dead letters");
    expect(t.answered + t.refused == 2, "not one answer each");
    expect(system.actor_count() == 0, "an actor is left");
  });
}

TEST_CASE("an interleaved system ends while its actors are spawned and told") {
  explore(time_is::still, [] {
    tally t;
    crew others;
    {
      commy::actor_system system{{.workers = 2}};
      gate spawned;
      others.add("spawner", [&] {
        const auto to = system.spawn<sink>("", t);
        tell_notes(to, 1, t);
        spawned.open();
        tell_notes(to, 1, t);
      });
      spawned.wait();
    }
    others.join();
    expect(t.handled == t.accepted, "a note was lost");
  });
}
