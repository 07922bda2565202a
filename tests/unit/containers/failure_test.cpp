// What fails in the middle of an operation: no space left, callers' callbacks.
#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <ranges>
#include <stdexcept>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

struct no : std::runtime_error {
  no() : std::runtime_error{"no"} {}
};

std::string long_text(int i) {
  return "a text of more than fifteen bytes, number " + std::to_string(i);
}

/// A segment of 64 pages, with something in each object.
struct small_world {
  test_folder folder;
  memory::geometry sizes = small_geometry();
  shared_world w = shared_world::open_or_create("s", in_folder(folder, &sizes));

  small_world() {
    for (int i = 0; i < 10; ++i) {
      must(w.texts.insert(i, long_text(i)));
      must(w.numbers.insert(long_text(i), i));
      must(w.queue.push_back({i, i}));
      must(w.list.push_back({i, i}));
      must(w.words.push_back(long_text(i)));
      must(w.ordered.insert(i, long_text(i)));
      must(w.index.insert(long_text(i)));
      must(w.members.insert(i));
    }
    must(w.text.assign(long_text(0)));
    w.set_patience(0ms);
  }
  [[nodiscard]] model_world seen() const {
    return must(read_world(w.home.engine(), w.where()));
  }
  [[nodiscard]] std::string traced() const {
    return trace_blocks(w.home.engine()->img()).text();
  }
};

struct growth {
  const char* name;
  // The i-th step of something that takes more and more room.
  std::function<result<void, write_error>(shared_world&, int)> step;
};

result<void, write_error> plain(const auto& outcome) {
  if (!outcome) return unexpected{outcome.error()};
  return {};
}

const growth growths[] = {
    {"map of texts",
     [](auto& w, int i) {
       return plain(w.texts.insert_or_assign(i, long_text(i)));
     }},
    {"map under texts",
     [](auto& w, int i) {
       return plain(w.numbers.insert_or_assign(long_text(i), i));
     }},
    {"queue", [](auto& w, int i) { return plain(w.queue.push_back({i, i})); }},
    {"box",
     [](auto& w, int i) {
       return plain(w.box.update([&](point& p) { p.y = i + 1; }));
     }},
    {"text", [](auto& w, int i) { return plain(w.text.append(long_text(i))); }},
    {"vector", [](auto& w, int i) { return plain(w.list.push_back({i, i})); }},
    {"vector of texts",
     [](auto& w, int i) { return plain(w.words.push_back(long_text(i))); }},
    {"tree",
     [](auto& w, int i) {
       return plain(w.ordered.insert_or_assign(i, long_text(i)));
     }},
    {"ordered set",
     [](auto& w, int i) { return plain(w.index.insert(long_text(i))); }},
    {"set", [](auto& w, int i) { return plain(w.members.insert(i)); }},
    {"vector, many at once",
     [](auto& w, int) {
       return plain(w.list.append(std::vector<sample>(200)));
     }},
    {"queue, many at once",
     [](auto& w, int) {
       return plain(w.queue.append(std::vector<sample>(200)));
     }},
    {"tree, many at once",
     [](auto& w, int i) {
       std::vector<std::pair<int, std::string>> some;
       for (int n = 0; n < 50; ++n)
         some.emplace_back(50 * i + n, long_text(n));
       return plain(w.ordered.bulk_load(some));
     }},
    {"map, many at once",
     [](auto& w, int i) {
       std::vector<std::pair<int, std::string>> some;
       for (int n = 0; n < 50; ++n)
         some.emplace_back(50 * i + n, long_text(n));
       return plain(w.texts.bulk_load(some));
     }},
};

bool is_full(const failure<write_error>& why) {
  // One piece may outgrow a chunk before the segment is full.
  return why == write_error::out_of_space || why == write_error::too_large;
}

}  // namespace

TEST_CASE("who runs out of space in a transaction has changed nothing") {
  for (const auto& one : growths) {
    CAPTURE(one.name);
    small_world here;
    auto& w = here.w;
    const auto before = here.seen();

    const auto refused =
        transact(w.texts, w.numbers, w.queue, w.box, w.text, w.list, w.words,
                 w.ordered, w.index, w.members, [&](transaction&) {
                   must(w.texts.erase(3));
                   must(w.words.set(2, "short"));
                   must(w.ordered.erase(4));
                   for (int i = 0;; ++i)
                     must(one.step(w, i));
                 });

    REQUIRE_FALSE(refused);
    CHECK(is_full(refused.error()));
    CHECK(here.seen() == before);
    CHECK(here.traced() == "");
    must(one.step(w, 1));
    CHECK(here.traced() == "");
  }
}

TEST_CASE("an operation that runs out of space has changed nothing") {
  for (const auto& one : growths) {
    if (std::string_view{one.name} == "box") continue;  // Takes no room.
    CAPTURE(one.name);
    small_world here;
    result<void, write_error> outcome;
    model_world before;
    for (int i = 0; outcome; ++i) {
      // A look at everything costs more than the step.
      if (i % 8 == 0 || must(here.w.texts.size()) > 0) before = here.seen();
      outcome = one.step(here.w, i);
    }

    CHECK(is_full(outcome.error()));
    CHECK(here.seen() == before);
    CHECK(here.traced() == "");
  }
}

TEST_CASE("who swallows that an operation failed half way commits nothing") {
  small_world here;
  auto& w = here.w;
  const auto before = here.seen();
  const auto in_vain = [&](auto&& object) {
    return transact(w.words, w.ordered, w.texts, [&](transaction&) {
      must(w.texts.erase(1));
      try {
        for (int i = 0;; ++i)
          must(object(i));
      } catch (...) {  // NOLINT(bugprone-empty-catch)
      }
    });
  };

  // Has taken some blocks when it fails.
  const auto tree = in_vain([&](int i) {
    std::vector<std::pair<int, std::string>> some;
    for (int n = 0; n < 50; ++n)
      some.emplace_back(50 * i + n, long_text(n));
    return w.ordered.bulk_load(some);
  });
  const auto other = transact(w.texts, w.box, [&](transaction&) {
    try {
      must(transaction_access::change(w.texts, [&](transaction& txn) {
        txn.touch(
            w.home.engine()->img().root_at(w.texts.place().root).sequence);
        throw no{};
      }));
    } catch (const no&) {  // NOLINT(bugprone-empty-catch)
    }
  });

  REQUIRE_FALSE(tree);
  CHECK(tree.error() == write_error::out_of_space);
  REQUIRE_FALSE(other);
  CHECK(other.error() == write_error::half_done);
  CHECK(here.seen() == before);
  CHECK(here.traced() == "");
}

TEST_CASE("an exception of a callback passes on, and nothing has happened") {
  small_world here;
  auto& w = here.w;
  const auto before = here.seen();
  const auto edit = [](auto& value) {
    value = {};
    throw no{};
  };
  int calls = 0;
  const auto third = [&](const auto&...) -> bool {
    if (++calls == 3) throw no{};
    return true;
  };
  const auto throwing = [&](auto make) {
    return std::views::iota(0, 20) | std::views::transform([make](int i) {
             if (i == 13) throw no{};
             return make(i);
           });
  };
  const auto samples = throwing([](int i) { return sample{i, i}; });
  const auto texts = throwing([](int i) { return long_text(i); });
  const auto entries =
      throwing([](int i) { return std::pair{i + 5, long_text(i)}; });
  const std::pair<const char*, std::function<void()>> operations[] = {
      {"box: update", [&] { must(w.box.update(edit)); }},
      {"map: update", [&] { must(w.texts.update(1, edit)); }},
      {"map: erase_if", [&] { must(w.texts.erase_if(third)); }},
      {"map: bulk_load", [&] { must(w.texts.bulk_load(entries)); }},
      {"queue: update", [&] { must(w.queue.update(1, edit)); }},
      {"queue: append", [&] { must(w.queue.append(samples)); }},
      {"queue: assign", [&] { must(w.queue.assign(samples)); }},
      {"queue: erase_if", [&] { must(w.queue.erase_if(third)); }},
      {"vector: update", [&] { must(w.list.update(1, edit)); }},
      {"vector: append", [&] { must(w.list.append(samples)); }},
      {"vector: assign", [&] { must(w.list.assign(samples)); }},
      {"vector: erase_if", [&] { must(w.list.erase_if(third)); }},
      {"vector: sort", [&] { must(w.list.sort(third)); }},
      {"words: update", [&] { must(w.words.update(1, edit)); }},
      {"words: append", [&] { must(w.words.append(texts)); }},
      {"words: assign", [&] { must(w.words.assign(texts)); }},
      {"words: erase_if", [&] { must(w.words.erase_if(third)); }},
      {"words: sort", [&] { must(w.words.sort(third)); }},
      {"tree: update", [&] { must(w.ordered.update(1, edit)); }},
      {"tree: erase_if", [&] { must(w.ordered.erase_if(third)); }},
      {"tree: bulk_load", [&] { must(w.ordered.bulk_load(entries)); }},
      {"ordered set: erase_if", [&] { must(w.index.erase_if(third)); }},
      {"ordered set: bulk_load", [&] { must(w.index.bulk_load(texts)); }},
      {"set: erase_if", [&] { must(w.members.erase_if(third)); }},
  };

  for (const auto& [name, operation] : operations) {
    CAPTURE(name);
    calls = 0;
    CHECK_THROWS_AS(operation(), no);
    CHECK(here.seen() == before);
    CHECK(here.traced() == "");
    // And as part of a transaction that has done something before.
    calls = 0;
    const auto together = [&] {
      return transact(w.home, [&](transaction&) {
        must(w.members.insert(1000));
        must(w.words.pop_back());
        must(w.texts.erase(5));
        operation();
      });
    };
    CHECK_THROWS_AS(together(), no);
    CHECK(here.seen() == before);
    CHECK(here.traced() == "");
  }
}
