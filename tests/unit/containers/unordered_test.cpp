// Hash maps and sets: many entries at once, beside std::unordered_map.
#include "random_steps.hpp"
#include <commy/containers/shared_btree_set.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_hash_set.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <unordered_map>
#include <unordered_set>

using namespace commy;
using namespace commy::test;

namespace {

template <class Container>
struct opened {
  test_folder folder;
  segment home = must(segment::create("s", in_folder(folder)));
  Container held = must(home.create<Container>("held"));
};

std::string traced(const segment& home) {
  return trace_blocks(home.engine()->img()).text();
}

template <class Entries>
auto sorted(Entries all) {
  std::sort(all.begin(), all.end());
  return all;
}
template <class Map>
auto entries_of(const Map& model) {
  std::vector<std::pair<typename Map::key_type, typename Map::mapped_type>> all(
      model.begin(), model.end());
  return sorted(all);
}

template <class Shared, class Map, class Make>
void step(Shared& shared, Map& model, dice& roll, Make make) {
  const auto [key, value] = make(roll);
  if (roll.below(500) == 0) {
    switch (roll.below(5)) {
      case 0: {
        const auto less = [&, k = key](const auto& e) { return e.first < k; };
        REQUIRE(must(shared.erase_if(less)) == std::erase_if(model, less));
        return;
      }
      case 1: {
        std::vector<std::decay_t<decltype(make(roll))>> fresh;
        for (auto n = roll.below(100); n > 0; --n)
          fresh.push_back(make(roll));
        must(shared.bulk_load(fresh));
        for (const auto& entry : fresh)
          model.insert_or_assign(entry.first, entry.second);
        return;
      }
      case 2:
        REQUIRE(sorted(must(shared.take())) == entries_of(model));
        model.clear();
        return;
      case 3:
        must(shared.clear());
        model.clear();
        return;
      default:
        must(shared.reserve(roll.index(300)));
        return;
    }
  }
  switch (roll.below(8)) {
    case 0:
    case 1:
      REQUIRE(must(shared.insert_or_assign(key, value)) ==
              model.insert_or_assign(key, value).second);
      break;
    case 2:
    case 3:
      REQUIRE(must(shared.try_emplace(key, value)) ==
              model.try_emplace(key, value).second);
      break;
    case 4:
      REQUIRE(must(shared.erase(key)) == (model.erase(key) > 0));
      break;
    case 5: {
      const auto node = model.extract(key);
      const auto gone = must(shared.extract(key));
      REQUIRE(gone.has_value() == !node.empty());
      if (gone) REQUIRE(*gone == node.mapped());
      break;
    }
    default: {
      const auto found = model.find(key);
      const auto got = shared.get(key);
      REQUIRE(got.has_value() == (found != model.end()));
      if (got) REQUIRE(*got == found->second);
    }
  }
}

template <class Map, class Shared, class Make>
void run(const segment& home, Shared& shared, int steps, Make make) {
  const auto seed = pick_seed();
  CAPTURE(seed);
  dice roll{seed};
  Map model;
  for (int i = 0; i < steps; ++i) {
    if (roll.below(100) == 0) {
      const auto before = model;
      const bool fails = roll.below(2) == 0;
      try {
        must(transact(shared, [&](transaction&) {
          for (int n = roll.below(5); n >= 0; --n)
            step(shared, model, roll, make);
          if (fails) throw std::runtime_error{"half way"};
        }));
      } catch (const std::runtime_error& what) {
        if (what.what() != std::string{"half way"}) throw;
        model = before;
      }
    } else {
      step(shared, model, roll, make);
    }
    if (i % 20'000 == 0 || i == steps - 1) {
      REQUIRE(must(shared.size()) == model.size());
      REQUIRE(sorted(must(shared.copy())) == entries_of(model));
      REQUIRE(traced(home) == sound);
    }
  }
}

using numbers = std::vector<std::int64_t>;

template <class Left, class Right>
void check_algebra() {
  test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto a = must(home.create<Left>("a"));
  auto b = must(home.create<Right>("b"));
  const auto seed = pick_seed();
  CAPTURE(seed);
  dice roll{seed};
  for (int round = 0; round < 50; ++round) {
    std::set<std::int64_t> x;
    std::set<std::int64_t> y;
    for (auto n = roll.below(120); n > 0; --n)
      x.insert(roll.below(100) - 50);
    for (auto n = roll.below(120); n > 0; --n)
      y.insert(roll.below(100) - 50);
    const auto reset = [&] {
      must(a.clear());
      must(a.bulk_load(x));
      must(b.clear());
      must(b.bulk_load(y));
    };
    numbers wanted;
    reset();
    std::ranges::set_union(x, y, std::back_inserter(wanted));
    REQUIRE(must(set_union(a, b)) == wanted);
    must(a.unite(b));
    REQUIRE(sorted(must(a.copy())) == wanted);
    REQUIRE(must(is_subset(b, a)));
    wanted.clear();
    reset();
    std::ranges::set_intersection(x, y, std::back_inserter(wanted));
    REQUIRE(must(set_intersection(a, b)) == wanted);
    REQUIRE(must(is_disjoint(a, b)) == wanted.empty());
    REQUIRE(must(is_subset(a, b)) == (wanted.size() == x.size()));
    REQUIRE(must(a.intersect(b)) == x.size() - wanted.size());
    REQUIRE(sorted(must(a.copy())) == wanted);
    wanted.clear();
    reset();
    std::ranges::set_difference(x, y, std::back_inserter(wanted));
    REQUIRE(must(set_difference(a, b)) == wanted);
    // Inside a transaction that has both it works on what that has done.
    must(transact(a, b, [&](transaction&) { must(a.subtract(b)); }));
    REQUIRE(sorted(must(a.copy())) == wanted);
    REQUIRE(traced(home) == sound);
  }
}

}  // namespace

TEST_CASE("a hash map of integers does what std::unordered_map does") {
  opened<shared_hash_map<std::int64_t, std::int64_t>> here;
  run<std::unordered_map<std::int64_t, std::int64_t>>(
      here.home, here.held, 1'000'000, [](dice& roll) {
        return std::pair{std::int64_t{roll.below(600) - 100},
                         std::int64_t{roll.below(1000)}};
      });
}

TEST_CASE("so does a hash map of texts, many at once") {
  opened<shared_hash_map<shared_string, shared_string>> here;
  run<std::unordered_map<std::string, std::string>>(
      here.home, here.held, 200'000, [](dice& roll) {
        const auto number = roll.below(150);
        auto key = "key " + std::to_string(number);
        if (number % 3 == 0) key += " of more than fifteen bytes";
        return std::pair{key, roll.short_text()};
      });
}

TEST_CASE("a hash set does what std::unordered_set does") {
  opened<shared_hash_set<shared_string>> here;
  const auto seed = pick_seed();
  CAPTURE(seed);
  dice roll{seed};
  std::unordered_set<std::string> model;
  for (int i = 0; i < 200'000; ++i) {
    const auto key = roll.name();
    switch (roll.below(4)) {
      case 0:
      case 1:
        REQUIRE(must(here.held.insert(key)) == model.insert(key).second);
        break;
      case 2:
        REQUIRE(must(here.held.erase(key)) == (model.erase(key) > 0));
        break;
      default:
        REQUIRE(must(here.held.contains(key)) == model.contains(key));
    }
  }
  REQUIRE(must(here.held.size()) == model.size());
  std::size_t seen = 0;
  for (const auto key : must(here.held.read())) {
    REQUIRE(model.contains(std::string{key}));
    ++seen;
  }
  REQUIRE(seen == model.size());
  REQUIRE(traced(here.home) == sound);
}

TEST_CASE("sets of either kind unite, intersect and subtract") {
  using hashed = shared_hash_set<std::int64_t>;
  using ordered = shared_btree_set<std::int64_t>;
  check_algebra<hashed, hashed>();
  check_algebra<hashed, ordered>();
  check_algebra<ordered, hashed>();
  check_algebra<ordered, ordered>();
}

TEST_CASE("set operations see texts by bytes, and what they hold in place") {
  opened<shared_hash_set<shared_string>> here;
  auto other = must(here.home.create<shared_btree_set<shared_string>>("b"));
  must(here.held.bulk_load(std::vector<std::string>{"b", "\xff", "a"}));
  must(other.bulk_load(std::vector<std::string>{"\xff", "c"}));

  CHECK(must(set_union(here.held, other)) ==
        std::vector<std::string>{"a", "b", "c", "\xff"});
  CHECK(must(here.held.intersect(other)) == 2);
  CHECK(must(here.held.copy()) == std::vector<std::string>{"\xff"});
}

TEST_CASE("a million entries go into a table at once, and none is logged") {
  test_folder folder;
  auto sizes = memory::geometry{};
  sizes.journal_bytes = 1024;
  auto home = must(segment::create("s", in_folder(folder, &sizes)));
  auto map = must(home.create<shared_hash_map<int, int>>("map"));
  std::vector<std::pair<int, int>> entries;
  for (int i = 0; i < 1'000'000; ++i)
    entries.emplace_back(i, -i);

  must(map.bulk_load(entries));
  CHECK(must(map.get(999'999)) == -999'999);
  CHECK(must(map.erase_if([](const auto& e) { return e.first % 2 != 0; })) ==
        500'000);
  CHECK(must(map.size()) == 500'000);
  CHECK(map.get(1).error() == read_error::absent);
  CHECK(must(map.get(2)) == -2);
  must(map.clear());
  CHECK(must(map.size()) == 0);
  CHECK(traced(home) == sound);
}

TEST_CASE("keys and values of a hash map can be had alone") {
  opened<shared_hash_map<shared_string, int>> here;
  must(here.held.bulk_load(
      std::unordered_map<std::string, int>{{"b", 2}, {"a", 1}}));
  CHECK(sorted(must(here.held.keys())) == std::vector<std::string>{"a", "b"});
  CHECK(sorted(must(here.held.values())) == std::vector<int>{1, 2});
  int sum = 0;
  for (const auto value : must(here.held.read()) | std::views::values)
    sum += value;
  CHECK(sum == 3);
  int seen = 0;
  must(here.held.for_each([&](const auto&) { return ++seen < 1; }));
  CHECK(seen == 1);
}
