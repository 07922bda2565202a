// A publisher or a subscriber dies after any of its stores: no block is lost,
// none has two owners, and those who live go on.
#include "expect_sound.hpp"
#include "topic_world.hpp"
#include <commy/memory/journal.hpp>

#include <catch2/catch_test_macros.hpp>

#include <iostream>

namespace commy::test {
namespace {

using memory::planted_bug;

topic_exploration explored(const topic_scenario& s) {
  const auto found = explore_topic(s);
  expect_sound(found, s.name);
  return found;
}

/// A victim that publishes message 5 over what the living one has published.
topic_scenario publishing(std::string name) {
  topic_scenario s;
  s.name = std::move(name);
  s.meanwhile = [](stand& p, int when) {
    if (when == 0) p.publish(1, 4);
  };
  s.prepare = [](stand& p) { p.lend(); };
  s.operate = [](stand& p) { p.publish_own(5); };
  // The message of the lap before is gone before the new one is there.
  s.outcomes = {{1, 2, 3, 4}, {2, 3, 4}, {2, 3, 4, 5}};
  return s;
}

/// A victim that has subscribed when the living one publishes 1 to 3.
topic_scenario reading(std::string name) {
  topic_scenario s;
  s.name = std::move(name);
  s.prepare = [](stand& p) { p.subscribe(); };
  s.meanwhile = [](stand& p, int when) {
    if (when == 1) p.publish(1, 3);
  };
  s.outcomes = {{1, 2, 3}};
  return s;
}

}  // namespace

TEST_CASE("who dies while publishing has published a whole message or none") {
  topic_scenario s;
  s.name = "publish the first";
  s.operate = [](stand& p) { p.publish(1); };
  s.outcomes = {{}, {1}};
  explored(s);

  const auto found = explored(publishing("publish over another"));
  CHECK(found.ended[0] > 0);
  CHECK(found.ended[1] > 0);
  CHECK(found.ended[2] > 0);
}

TEST_CASE("who dies while overwriting what others hold leaves it to them") {
  auto s = publishing("publish over one that is held");
  s.meanwhile = [](stand& p, int when) {
    if (when != 0) return;
    p.subscribe();
    p.publish(1, 4);
    p.take();
  };
  explored(s);
}

TEST_CASE("a block that is evicted and dropped at once is freed once") {
  // The living one drops at every instant of the victim's eviction.
  for (std::uint64_t instant = 1; instant <= 12; ++instant) {
    auto s =
        publishing("publish over one dropped at " + std::to_string(instant));
    s.meanwhile = [](stand& p, int when) {
      if (when != 0) return;
      p.subscribe();
      p.publish(1, 4);
      p.take();
    };
    s.interfere = [instant](stand& p, std::uint64_t now) {
      if (now == instant) p.held.clear();
    };
    explored(s);
  }
  // And the other way round: the victim drops, the living one evicts.
  for (std::uint64_t instant = 1; instant <= 4; ++instant) {
    auto s = reading("drop one that is evicted at " + std::to_string(instant));
    s.prepare = [](stand& p) {
      p.publish(1, 4);
      p.subscribe();
      p.take();
    };
    s.meanwhile = [](stand&, int) {};
    s.operate = [](stand& p) { p.held.clear(); };
    s.interfere = [instant](stand& p, std::uint64_t now) {
      if (now == instant) p.publish(5);
    };
    s.outcomes = {{1, 2, 3, 4}, {2, 3, 4, 5}};
    explored(s);
  }
}

TEST_CASE("who dies while waking subscribers has published") {
  auto s = publishing("publish to those who sleep");
  s.meanwhile = [](stand& p, int when) {
    if (when != 0) return;
    p.subscribe();
    p.publish(1, 4);
    memory::for_each_topic(p.shared.engine()->img(),
                           [](memory::offset, const auto& topic) {
                             topic.entries[0].sleeper = 1;
                             topic.header->sleeping = 1;
                             return true;
                           });
  };
  explored(s);
}

TEST_CASE("who dies while taking or dropping holds nothing any more") {
  auto s = reading("take");
  s.operate = [](stand& p) { p.take(); };
  explored(s);

  s = reading("drop");
  s.prepare = [](stand& p) {
    p.publish(1, 3);
    p.subscribe();
    p.take();
  };
  s.meanwhile = [](stand&, int) {};
  s.operate = [](stand& p) { p.held.clear(); };
  explored(s);

  s.name = "drop the last of one that was overwritten";
  s.meanwhile = [](stand& p, int when) {
    if (when == 1) p.publish(4, 5);
  };
  s.outcomes = {{2, 3, 4, 5}};
  explored(s);

  s = reading("take behind a gap");
  s.meanwhile = [](stand& p, int when) {
    if (when == 1) p.publish(1, 9);
  };
  s.operate = [](stand& p) { p.take(); };
  s.outcomes = {{6, 7, 8, 9}};
  explored(s);
}

TEST_CASE("who dies while subscribing or leaving is no subscriber") {
  auto s = reading("subscribe");
  s.prepare = [](stand& p) { p.publish(1, 3); };
  s.meanwhile = [](stand&, int) {};
  s.operate = [](stand& p) { p.subscribe(); };
  explored(s);

  s = reading("leave");
  s.operate = [](stand& p) { p.leave(); };
  explored(s);

  s = reading("leave, then drop what is held");
  s.prepare = [](stand& p) {
    p.publish(1, 3);
    p.subscribe();
    p.take();
    p.take();
  };
  s.meanwhile = [](stand& p, int when) {
    if (when == 1) p.publish(4, 5);
  };
  s.operate = [](stand& p) {
    p.leave();
    p.held.clear();
  };
  s.outcomes = {{2, 3, 4, 5}};
  explored(s);
}

TEST_CASE("who dies in a topic that holds its publishers holds nobody up") {
  const topic_options how{
      .depth = 4, .history = 4, .slow = slow_reader::hold_publisher};
  auto s = publishing("publish with a look at the cursors");
  s.how = how;
  s.meanwhile = [](stand& p, int when) {
    if (when != 0) return;
    p.publish(1, 3);
    p.subscribe();
    p.publish(4);
    while (p.reader->try_take()) {
    }
  };
  explored(s);

  s = reading("read on, with a publisher that waits");
  s.how = how;
  s.operate = [](stand& p) { p.take(); };
  s.meanwhile = [](stand& p, int when) {
    if (when != 1) return;
    p.publish(1, 4);
    p.publish(5);  // Refused.
    memory::for_each_topic(p.shared.engine()->img(),
                           [](memory::offset, const auto& topic) {
                             topic.header->held_up = 1;
                             return true;
                           });
  };
  s.outcomes = {{1, 2, 3, 4}};
  explored(s);
}

TEST_CASE("who dies over a dead publisher's claim has skipped it or not") {
  auto s = publishing("publish behind a dead one's claim");
  s.meanwhile = [](stand& p, int when) {
    if (when == 0) p.publish(1, 4);
    if (when != 1) return;
    // As a publisher in slot 3 leaves it that died before it had evicted.
    memory::for_each_topic(
        p.shared.engine()->img(), [](memory::offset, const auto& topic) {
          auto& word = topic.cells[0].word;
          const memory::cell_word now{word.load()};
          word = memory::cell_word::make(memory::cell_state::claimed, 4,
                                         now.lap() + 1)
                     .raw;
          return true;
        });
  };
  s.outcomes = {{2, 3, 4}, {3, 4}, {3, 4, 5}};
  explored(s);
}

TEST_CASE("who dies while making a topic has made a whole one or none") {
  topic_scenario s;
  s.name = "make a topic";
  s.made_by_victim = true;
  s.operate = [](stand& p) { p.open(); };
  s.outcomes = {{}};
  explored(s);

  s.name = "make a topic out of a removed one's bytes";
  s.meanwhile = [](stand& p, int when) {
    if (when != 1) return;
    p.open();
    p.publish(1, 3);
    p.remove();
  };
  explored(s);
}

TEST_CASE("who dies while removing a topic leaves it whole or gone") {
  topic_scenario s;
  s.name = "remove a topic";
  s.meanwhile = [](stand& p, int when) {
    if (when != 1) return;
    p.subscribe();
    p.publish(1, 3);
    p.take();
  };
  s.operate = [](stand& p) { p.remove(); };
  s.outcomes = {{1, 2, 3}, {}};
  explored(s);
}

TEST_CASE("who publishes while the topic is removed leaves no message in it") {
  for (std::uint64_t instant = 1; instant <= 16; ++instant) {
    auto s =
        publishing("publish into one removed at " + std::to_string(instant));
    s.interfere = [instant](stand& p, std::uint64_t now) {
      if (now == instant) p.remove();
    };
    s.outcomes.push_back({});
    explored(s);
  }
}

TEST_CASE("the topic explorer finds a name that is overwritten too early") {
  auto s = publishing("planted: named before evicted");
  const auto found = explore_topic(s, planted_bug::named_before_evicted);
  std::cout << found.row(s.name) << '\n';
  CHECK(found.violations > 0);
}

TEST_CASE("the topic explorer finds an entry that is freed too early") {
  auto s = reading("planted: entry freed first");
  s.operate = [](stand& p) { p.take(); };
  const auto found = explore_topic(s, planted_bug::entry_freed_first);
  std::cout << found.row(s.name) << '\n';
  CHECK(found.violations > 0);
}

}  // namespace commy::test
