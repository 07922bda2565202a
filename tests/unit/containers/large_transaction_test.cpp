// Transactions of a million changes, and what large objects do at once.
#include <catch2/catch_test_macros.hpp>

#include <iostream>
#include <stdexcept>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

using clock_type = std::chrono::steady_clock;

struct large_segment {
  test_folder folder;
  segment home = must(segment::create("s", [this] {
    auto options = in_folder(folder);
    options.capacity = 512_MiB;
    return options;
  }()));

  [[nodiscard]] std::string traced() const {
    return trace_blocks(home.engine()->img()).text();
  }
};

void print(const char* what, clock_type::time_point since) {
  std::cout << what << ": "
            << std::chrono::duration<double, std::milli>(clock_type::now() -
                                                         since)
                   .count()
            << " ms\n";
}

std::string text_of(int i) {
  return "a text of more than fifteen bytes, number " + std::to_string(i);
}

}  // namespace

TEST_CASE("a transaction of a million changes is committed, or undone") {
  large_segment here;
  constexpr int changes = 1'000'000;
  auto numbers = must(here.home.create<shared_vec<std::int64_t>>("numbers"));
  auto map = must(here.home.create<shared_hash_map<int, int>>("map"));
  must(numbers.resize(1000, -1));
  must(map.reserve(1000));
  const auto change = [&](int last) {
    for (int i = 0; i < changes; ++i) {
      must(numbers.set(i % 1000, i));
      if (i % 100 == 0) must(map.insert_or_assign(i / 100 % 1000, i));
      if (i == last) throw std::runtime_error{"no"};
    }
  };

  const auto begun = clock_type::now();
  CHECK_THROWS_AS(
      transact(numbers, map, [&](transaction&) { change(changes - 1); }),
      std::runtime_error);
  print("a million changes, undone", begun);
  CHECK(must(numbers.get(0)) == -1);
  CHECK(must(numbers.get(999)) == -1);
  CHECK(must(map.size()) == 0);
  CHECK(here.traced() == "");

  const auto again = clock_type::now();
  must(transact(numbers, map, [&](transaction&) { change(-1); }));
  print("a million changes, committed", again);
  CHECK(must(numbers.get(999)) == changes - 1);
  CHECK(must(map.size()) == 1000);
  CHECK(here.traced() == "");
}

TEST_CASE(
    "a tree of a hundred thousand texts is loaded, cleared, taken whole") {
  large_segment here;
  constexpr int count = 100'000;
  using tree = shared_btree_map<int, shared_string>;
  auto map = must(here.home.create<tree>("tree"));
  std::vector<std::pair<int, std::string>> entries;
  for (int i = 0; i < count; ++i)
    entries.emplace_back(i, text_of(i));

  must(map.bulk_load(entries));
  CHECK(must(map.size()) == count);
  CHECK(must(map.get(77'777)) == text_of(77'777));
  CHECK(here.traced() == "");

  CHECK_THROWS_AS(transact(map,
                           [&](transaction&) {
                             must(map.clear());
                             throw std::runtime_error{"no"};
                           }),
                  std::runtime_error);
  CHECK(must(map.size()) == count);
  CHECK(must(map.get(0)) == text_of(0));

  CHECK(must(map.take()) == entries);
  CHECK(must(map.size()) == 0);
  must(map.bulk_load(entries));
  CHECK(must(map.erase_range(1000, 99'000)) == 98'000);
  must(map.clear());
  CHECK(must(map.size()) == 0);
  CHECK(here.traced() == "");
}

TEST_CASE("a hundred thousand texts leave a map and a vector at once") {
  large_segment here;
  constexpr int count = 100'000;
  auto map = must(here.home.create<shared_hash_map<shared_string, int>>("map"));
  auto words = must(here.home.create<shared_vec<shared_string>>("words"));
  std::vector<std::pair<std::string, int>> entries;
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    entries.emplace_back(text_of(i), i);
    texts.push_back(text_of(i));
  }
  must(map.bulk_load(entries));
  must(words.append(texts));
  const auto before = here.home.statistics().live_bytes;

  const auto refused = transact(map, words, [&](transaction&) {
    must(map.clear());
    must(words.clear());
    must(map.insert("one", 1));
    throw memory::write_failed{write_error::damaged};
  });
  CHECK(refused.error() == write_error::damaged);
  CHECK(must(map.get(text_of(5))) == 5);
  CHECK(must(words.get(99'999)) == text_of(99'999));
  CHECK(here.home.statistics().live_bytes == before);

  must(transact(map, words, [&](transaction&) {
    must(map.clear());
    must(words.clear());
  }));
  CHECK(must(map.size()) == 0);
  CHECK(must(words.size()) == 0);
  CHECK(here.traced() == "");
}
