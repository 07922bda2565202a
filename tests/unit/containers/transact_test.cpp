// Transactions over several objects, and single operations.
#include <catch2/catch_test_macros.hpp>

#include <stdexcept>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

struct open_world {
  test_folder folder;
  shared_world world = shared_world::open_or_create("world", in_folder(folder));
};

}  // namespace

TEST_CASE("operations inside a transaction see its writes") {
  open_world here;
  auto& w = here.world;
  must(w.texts.insert_or_assign(1, "old"));
  w.set_patience(100ms);

  const auto done = transact(w.texts, w.queue, w.box, w.text, [&](auto&) {
    must(w.texts.insert_or_assign(1, "new"));
    CHECK(must(w.texts.get(1)) == "new");
    CHECK(must(w.texts.size()) == 1);
    CHECK_FALSE(must(w.texts.contains(2)));
    must(w.queue.push_back({1, 2}));
    CHECK(must(w.queue.back()) == sample{1, 2});
    CHECK(must(w.queue.size()) == 1);
    must(w.box.update([](point& p) { p.y = 3; }));
    CHECK(must(w.box.get()).y == 3);
    must(w.text.assign("a text that is longer than fifteen"));
    CHECK(must(w.text.get()) == "a text that is longer than fifteen");
    int entries = 0;
    for (const auto& entry : must(w.texts.read())) {
      CHECK(entry.second == "new");
      ++entries;
    }
    CHECK(entries == 1);
  });

  CHECK(done);
}

TEST_CASE("a transaction that throws leaves every object as it was") {
  open_world here;
  auto& w = here.world;
  must(w.texts.insert_or_assign(1, "one"));
  must(w.queue.push_back({1, 1}));
  const auto before = must(read_world(w.home.engine(), w.where()));

  CHECK_THROWS_AS(w.together([&] {
    for (int i = 0; i < 20; ++i) {
      must(w.texts.insert_or_assign(i, std::string(100, 'x')));
      must(w.queue.push_back({i, i}));
    }
    must(w.queue.pop_front());
    must(w.texts.erase(1));
    throw std::runtime_error{"no"};
  }),
                  std::runtime_error);

  CHECK(must(read_world(w.home.engine(), w.where())) == before);
}

TEST_CASE("an operation that fails inside a transaction undoes it all") {
  open_world here;
  auto& w = here.world;
  auto stranger =
      must(w.home.open_or_create<shared_box<std::int64_t>>("stranger", 1));

  const auto done = transact(w.texts, w.box, [&](transaction&) {
    must(w.texts.insert_or_assign(1, "one"));
    must(stranger.set(2));
  });

  REQUIRE_FALSE(done);
  CHECK(done.error() == write_error::not_in_transaction);
  CHECK_FALSE(must(w.texts.contains(1)));
  CHECK(must(stranger.get()) == 1);
}

TEST_CASE("an edit may not change other objects, which would end its undo") {
  open_world here;
  auto& w = here.world;
  must(w.texts.insert_or_assign(1, "one"));

  const auto done = w.texts.update(1, [&](std::string& text) {
    text = "changed";
    must(w.box.set({1, 1, "x"}));
  });

  REQUIRE_FALSE(done);
  CHECK(done.error() == write_error::not_in_transaction);
  CHECK(must(w.texts.get(1)) == "one");
  CHECK(must(w.box.get()) == point{});
}

TEST_CASE("an edit may not move the table that it edits") {
  open_world here;
  auto& w = here.world;
  must(w.texts.insert_or_assign(1, "one"));
  const auto edit = [&](std::string& text) {
    text = "changed";
    for (int i = 2; i < 100; ++i)
      must(w.texts.insert_or_assign(i, "more"));
  };

  const auto alone = w.texts.update(1, edit);
  const auto among_others = transact(
      w.texts, w.box, [&](transaction&) { must(w.texts.update(1, edit)); });

  REQUIRE_FALSE(alone);
  CHECK(alone.error() == write_error::not_in_transaction);
  REQUIRE_FALSE(among_others);
  CHECK(among_others.error() == write_error::not_in_transaction);
  CHECK(must(w.texts.get(1)) == "one");
  CHECK(must(w.texts.size()) == 1);
  must(w.texts.update(1, [](std::string& text) { text += "!"; }));
  CHECK(must(w.texts.get(1)) == "one!");
}

TEST_CASE("a transaction inside a transaction or an edit is refused") {
  open_world here;
  auto& w = here.world;
  const auto inner = [&] {
    return transact(w.box, w.text, [&](transaction&) { must(w.text.clear()); });
  };

  must(transact(w.box, w.text, [&](transaction&) {
    const auto refused = inner();
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == write_error::not_in_transaction);
  }));
  must(w.box.update([&](point&) {
    const auto refused = inner();
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == write_error::not_in_transaction);
  }));
}
