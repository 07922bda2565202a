// The end of a whole system.
#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace interleaving_tests;

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
