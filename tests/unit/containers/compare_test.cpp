// Changes that depend on what is there, deadlines, and further tries.
#include <commy/memory/retry.hpp>

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

struct open_world {
  test_folder folder;
  shared_world world = shared_world::open_or_create("world", in_folder(folder));
};

constexpr retry_limits at_once{3, 0ns, 0ns};

}  // namespace

TEST_CASE("a value is exchanged only for the one that was expected") {
  open_world here;
  auto& w = here.world;
  must(w.box.set({1, 1, "x"}));
  must(w.texts.insert(1, "one"));
  must(w.numbers.insert("n", 1));
  must(w.ordered.insert(1, "one"));
  must(w.list.push_back({1, 1}));
  must(w.words.push_back("one"));
  const auto version = w.box.version();

  CHECK_FALSE(must(w.box.compare_exchange({1, 2, "x"}, {9, 9, "y"})));
  CHECK(w.box.version() == version);
  CHECK(must(w.box.compare_exchange({1, 1, "x"}, {9, 9, "y"})));
  CHECK(must(w.box.get()) == point{9, 9, "y"});

  const std::string longer(40, 'l');
  CHECK_FALSE(must(w.texts.compare_exchange(1, "two", "three")));
  CHECK_FALSE(must(w.texts.compare_exchange(2, "", "three")));
  CHECK(must(w.texts.compare_exchange(1, "one", longer)));
  CHECK(must(w.texts.get(1)) == longer);
  CHECK(must(w.texts.compare_exchange(1, longer, "short")));
  CHECK(must(w.numbers.compare_exchange("n", 1, 2)));
  CHECK_FALSE(must(w.numbers.compare_exchange("n", 1, 3)));
  CHECK(must(w.numbers.get("n")) == 2);
  CHECK(must(w.ordered.compare_exchange(1, "one", longer)));
  CHECK_FALSE(must(w.ordered.compare_exchange(1, "one", "x")));
  CHECK_FALSE(must(w.ordered.compare_exchange(7, "one", "x")));
  CHECK(must(w.ordered.get(1)) == longer);
  CHECK(must(w.list.compare_exchange(0, {1, 1}, {2, 2})));
  CHECK_FALSE(must(w.list.compare_exchange(0, {1, 1}, {3, 3})));
  CHECK_FALSE(must(w.list.compare_exchange(1, {}, {3, 3})));
  CHECK(must(w.list.get(0)) == sample{2, 2});
  CHECK(must(w.words.compare_exchange(0, "one", longer)));
  CHECK(must(w.words.get(0)) == longer);
}

TEST_CASE("of many who exchange the same value each time one succeeds") {
  open_world here;
  auto& w = here.world;
  must(w.numbers.insert("n", 0));
  constexpr int threads = 4;
  constexpr int rounds = 500;

  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int done = 0; done < rounds;) {
        const auto seen = must(w.numbers.get("n"));
        done += must(w.numbers.compare_exchange("n", seen, seen + 1)) ? 1 : 0;
      }
    });
  }
  for (auto& t : all)
    t.join();

  CHECK(must(w.numbers.get("n")) == threads * rounds);
}

TEST_CASE("work on copies is stored only if no version has moved meanwhile") {
  open_world here;
  auto& w = here.world;
  must(w.numbers.insert("sum", 1));
  const auto store_if = [&](std::uint64_t texts, std::uint64_t numbers) {
    return must(transact(w.texts, w.numbers, [&](transaction&) {
      if (w.texts.version() != texts || w.numbers.version() != numbers) {
        return false;
      }
      must(w.texts.insert_or_assign(1, "stored"));
      // Its own changes are not counted before the end.
      return w.texts.version() == texts;
    }));
  };
  const auto texts = w.texts.version();
  const auto numbers = w.numbers.version();

  CHECK(store_if(texts, numbers));
  CHECK(must(w.texts.get(1)) == "stored");
  must(w.numbers.update("sum", [](std::int64_t& n) { ++n; }));
  CHECK_FALSE(store_if(w.texts.version(), numbers));
}

TEST_CASE("a transaction's own deadline counts instead of its objects'") {
  open_world here;
  auto& w = here.world;
  auto other = shared_world::open_or_create("world", in_folder(here.folder));
  w.set_patience(60s);
  must(transact(other.box, [&](transaction&) {
    const auto begun = std::chrono::steady_clock::now();
    const auto refused =
        transact(within(20ms), w.texts, w.box, [](transaction&) {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == write_error::lock_timeout);
    CHECK(std::chrono::steady_clock::now() - begun >= 20ms);
    CHECK(std::chrono::steady_clock::now() - begun < 30s);
    CHECK(transact(within(0ms), w.box, [](transaction&) {}).error() ==
          write_error::lock_timeout);
  }));
  CHECK(must(transact(within(0ms), w.texts, w.box,
                      [](transaction&) { return 7; })) == 7);
}

TEST_CASE("what fails for a while is tried again, as often as was said") {
  int calls = 0;
  const auto failing = [&](write_error why) {
    calls = 0;
    return retry(at_once, [&]() -> result<int, write_error> {
      ++calls;
      return unexpected{why};
    });
  };

  CHECK(failing(write_error::lock_timeout).error() ==
        write_error::lock_timeout);
  CHECK(calls == 3);
  CHECK(failing(write_error::guard_timeout).error() ==
        write_error::guard_timeout);
  CHECK(calls == 3);
  CHECK(failing(write_error::lanes_exhausted).error() ==
        write_error::lanes_exhausted);
  CHECK(calls == 3);
  // What does not pass is answered at once.
  CHECK(failing(write_error::out_of_space).error() ==
        write_error::out_of_space);
  CHECK(calls == 1);

  calls = 0;
  CHECK(must(retry(at_once, [&]() -> result<int, read_error> {
          if (++calls < 3) return unexpected{read_error::busy};
          return 5;
        })) == 5);
  CHECK(calls == 3);
  CHECK_THROWS_AS(retry([]() -> result<void, write_error> {
                    throw std::runtime_error{"no"};
                  }),
                  std::runtime_error);
}

TEST_CASE("a further try gets what the first one met in use") {
  open_world here;
  auto& w = here.world;
  auto other = shared_world::open_or_create("world", in_folder(here.folder));
  auto held = std::optional{must(other.texts.read())};
  int tries = 0;

  const auto done = retry(at_once, [&] {
    if (++tries == 2) held.reset();
    return transact(within(5ms), w.texts,
                    [&](transaction&) { must(w.texts.insert(1, "one")); });
  });

  CHECK(done);
  CHECK(tries == 2);
  CHECK(must(w.texts.get(1)) == "one");
}
