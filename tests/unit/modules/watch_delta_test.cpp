#include "modules/gateway/watch_delta.hpp"

#include "modules/gateway/json_text.hpp"
#include "modules/gateway/limits.hpp"
#include "scripted_source.hpp"

#include <catch2/catch_test_macros.hpp>

#include <deque>
#include <random>
#include <string>

namespace {

using commy::gateway::shape;
using commy::gateway::watch_delta;
using commy::tests::queue_source;
using commy::tests::record_source;

std::string whole(const std::vector<watch_delta::tail>& pages) {
  std::string text;
  for (const auto& page : pages)
    text += *page + "\n";
  return text;
}

}  // namespace

TEST_CASE("entries: only what changed is told") {
  record_source things{{{"a", 1}, {"b", 2}, {"c", 3}}};
  watch_delta delta{shape::entries, {}};
  REQUIRE_FALSE(delta.advance(things, 0)->event);

  things.set({{"b", 2}, {"c", 4}, {"d", 5}});
  const auto told = delta.advance(things, 0);

  REQUIRE(told);
  REQUIRE(told->event);
  CHECK(*told->event ==
        R"("phase":"live","version":2,"set":{"c":4,"d":5},"gone":["a"]}})");
  CHECK_FALSE(delta.advance(things, 0)->event);
}

TEST_CASE("entries: a snapshot is everything as of the last reading") {
  record_source things{{{"a", 1}}};
  watch_delta delta{shape::entries, {}};
  REQUIRE(delta.advance(things, 0));

  CHECK(
      whole(delta.snapshot(0)) ==
      "\"phase\":\"snap\",\"version\":1,\"set\":{\"a\":1},\"more\":false}}\n");
}

TEST_CASE("entries: unwanted fields are never told") {
  record_source things{{{"a", 1}, {"b", 2}}};
  watch_delta delta{shape::entries, {"b"}};
  REQUIRE(delta.advance(things, 0));
  CHECK(whole(delta.snapshot(0)).find("\"a\"") == std::string::npos);

  things.set({{"a", 9}, {"b", 2}});
  CHECK_FALSE(delta.advance(things, 0)->event);
}

TEST_CASE("a large snapshot is cut into pages, and only the last says so") {
  record_source things{{}};
  std::vector<std::pair<std::string, std::int64_t>> many;
  for (int i = 0; i < 15'000; ++i) {
    many.emplace_back("a.rather.long.name." + std::to_string(i), i);
  }
  things.set(many);
  watch_delta delta{shape::entries, {}};
  REQUIRE(delta.advance(things, 0));

  const auto pages = delta.snapshot(0);

  REQUIRE(pages.size() > 2);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    CHECK(pages[i]->size() < commy::gateway::snapshot_page_bytes + 1000);
    CHECK(pages[i]->ends_with(i + 1 == pages.size() ? "\"more\":false}}"
                                                    : "\"more\":true}}"));
  }
}

TEST_CASE("a map with too many entries cannot be watched") {
  record_source things{{}};
  things.claim_size(commy::gateway::entries_max + 1);
  watch_delta delta{shape::entries, {}};

  CHECK(delta.advance(things, 0)->too_large);
}

TEST_CASE("queue: what came and went is told") {
  queue_source things;
  things.push_back(1);
  things.push_back(2);
  watch_delta delta{shape::queue, {}};
  REQUIRE(delta.advance(things, 10));
  CHECK(whole(delta.snapshot(10)) ==
        "\"phase\":\"snap\",\"version\":2,\"skipped\":0,\"push\":[1,2],"
        "\"more\":false}}\n");

  things.push_back(3);
  things.pop_front();
  CHECK(*delta.advance(things, 0)->event ==
        R"("phase":"live","version":4,"drop_front":1,"push":[3]}})");

  things.pop_back();
  CHECK(*delta.advance(things, 0)->event ==
        R"("phase":"live","version":5,"drop_back":1,"push":[]}})");
}

TEST_CASE("queue: a snapshot has the last elements, and says what it skips") {
  queue_source things;
  for (int i = 0; i < 100; ++i)
    things.push_back(i);
  watch_delta delta{shape::queue, {}};
  REQUIRE(delta.advance(things, 2));

  CHECK(whole(delta.snapshot(2))
            .find(R"("skipped":98,"push":[98,99],"more":false)") !=
        std::string::npos);
}

TEST_CASE("queue: an element replaced at the end makes a new snapshot") {
  queue_source things;
  things.push_back(1);
  things.push_back(2);
  watch_delta delta{shape::queue, {}};
  REQUIRE(delta.advance(things, 10));

  things.pop_back();
  things.push_back(7);
  things.push_back(8);

  const auto told = delta.advance(things, 0);
  CHECK(told->lost);
  CHECK_FALSE(told->event);
}

TEST_CASE("queue: elements at the front make a new snapshot") {
  queue_source things;
  things.push_back(1);
  watch_delta delta{shape::queue, {}};
  REQUIRE(delta.advance(things, 10));

  things.push_front(0);

  CHECK(delta.advance(things, 0)->lost);
}

TEST_CASE("queue: after any operations a client has what the queue has") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  queue_source things;
  watch_delta delta{shape::queue, {}};
  REQUIRE(delta.advance(things, 50));
  std::deque<std::int64_t> client;  // The last 50 at most, and all since.
  std::uint64_t skipped = 0;
  std::int64_t next = 0;
  int told_count = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto steps = random() % 40;
    for (unsigned i = 0; i < steps; ++i) {
      const auto what = random() % 10;
      if (what < 6) things.push_back(next++);
      if (what >= 6 && what < 9) things.pop_front();
      if (what == 9 && random() % 8 == 0) things.pop_back();
    }
    const bool joins = random() % 20 == 0;
    const auto told = delta.advance(things, joins ? 50 : 0);
    REQUIRE(told);
    if (told->event) {
      ++told_count;
      commy::tests::apply_queue_event(*told->event, client, skipped);
    }
    if (told->lost || joins) {
      if (!joins) {
        REQUIRE(delta.advance(things, 50));
      }
      client.clear();
      for (const auto& page : delta.snapshot(50)) {
        commy::tests::apply_queue_event(*page, client, skipped);
      }
    }
    const auto& all = things.content();
    REQUIRE(client.size() + skipped == all.size());
    REQUIRE(std::equal(client.rbegin(), client.rend(), all.rbegin()));
  }
  CHECK(told_count > 1000);
}
