// Ordered maps and sets: what each operation answers, and a million random ones
// beside std::map and std::set.
#include "random_steps.hpp"
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_btree_set.hpp>

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <ranges>
#include <set>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

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

template <class Map, class Iterator, class Entry>
void same_entry(const Map& model, Iterator wanted,
                const result<Entry, read_error>& found) {
  REQUIRE(found.has_value() == (wanted != model.end()));
  if (found) {
    REQUIRE(found->first == wanted->first);
    REQUIRE(found->second == wanted->second);
  }
}

/// Keys that a search asks for the rank of behind its look at how far the
/// segment goes. At the first time, the segment grows.
struct growing_order : memory::typed_order<int, int> {
  static inline memory::image* grows = nullptr;
  static inline std::uint64_t end = 0;
  [[nodiscard]] static std::uint64_t rank_of(const key& sought) noexcept {
    if (grows != nullptr) grows->header().committed.store(end);
    return memory::rank_of_scalar(sought);
  }
};

/// All searches by one key beside std::map's.
template <class Shared, class Map, class Key>
void same_searches(const Shared& shared, const Map& model, const Key& key) {
  const auto found = model.find(key);
  const auto got = shared.get(key);
  REQUIRE(got.has_value() == (found != model.end()));
  if (got) REQUIRE(*got == found->second);
  REQUIRE(must(shared.contains(key)) == (found != model.end()));
  const auto lower = model.lower_bound(key);
  const auto upper = model.upper_bound(key);
  const auto before = [&](auto at) {
    return at == model.begin() ? model.end() : std::prev(at);
  };
  same_entry(model, lower, shared.lower_bound(key));
  same_entry(model, upper, shared.upper_bound(key));
  same_entry(model, before(lower), shared.last_below(key));
  same_entry(model, before(upper), shared.last_not_above(key));
}

template <class Shared, class Map, class Make>
void rare_step(Shared& shared, Map& model, dice& roll, Make make) {
  const auto [key, value] = make(roll);
  const auto other = make(roll).first;
  switch (roll.below(6)) {
    case 0: {
      const auto wanted = [&, k = key](const auto& entry) {
        return entry.first < k;
      };
      REQUIRE(must(shared.erase_if(wanted)) == std::erase_if(model, wanted));
      break;
    }
    case 1: {
      const auto& low = std::min(key, other);
      const auto& high = std::max(key, other);
      const auto from = model.lower_bound(low);
      const auto to = model.lower_bound(high);
      REQUIRE(must(shared.erase_range(low, high)) ==
              static_cast<std::uint64_t>(std::distance(from, to)));
      model.erase(from, to);
      break;
    }
    case 2: {
      std::vector<std::decay_t<decltype(make(roll))>> fresh;
      for (auto n = roll.below(200); n > 0; --n)
        fresh.push_back(make(roll));
      must(shared.bulk_load(fresh));
      for (const auto& entry : fresh)
        model.insert_or_assign(entry.first, entry.second);
      break;
    }
    case 3: {
      const auto all = must(shared.take());
      REQUIRE(std::ranges::equal(all, model, [](const auto& a, const auto& b) {
        return a.first == b.first && a.second == b.second;
      }));
      model.clear();
      break;
    }
    case 4:
      must(shared.clear());
      model.clear();
      break;
    default: {
      const auto& low = std::min(key, other);
      const auto& high = std::max(key, other);
      auto at = model.lower_bound(low);
      for (const auto [k, v] : must(shared.read(low, high))) {
        REQUIRE(k == at->first);
        REQUIRE(v == at->second);
        ++at;
      }
      REQUIRE(at == model.lower_bound(high));
    }
  }
}

template <class Shared, class Map, class Make>
void step(Shared& shared, Map& model, dice& roll, Make make) {
  if (roll.below(2000) == 0) return rare_step(shared, model, roll, make);
  const auto [key, value] = make(roll);
  // Phases of growth and of decay, so that nodes split and join.
  const bool grows = model.size() < 20 || (model.size() * 7 + 3) % 5 < 3;
  switch (roll.below(10)) {
    case 0:
    case 1:
      REQUIRE(must(shared.insert_or_assign(key, value)) ==
              model.insert_or_assign(key, value).second);
      break;
    case 2:
      if (!grows) break;
      REQUIRE(must(shared.insert(key, value)) ==
              model.emplace(key, value).second);
      break;
    case 3:
      REQUIRE(must(shared.try_emplace(key, value)) ==
              model.try_emplace(key, value).second);
      break;
    case 4:
    case 5:
      REQUIRE(must(shared.erase(key)) == (model.erase(key) > 0));
      break;
    case 6: {
      const auto node = model.extract(key);
      const auto gone = must(shared.extract(key));
      REQUIRE(gone.has_value() == !node.empty());
      if (gone) REQUIRE(*gone == node.mapped());
      break;
    }
    case 7: {
      const auto edit = [&, v = value](auto& held) { held = v; };
      const auto at = model.find(key);
      REQUIRE(must(shared.update(key, edit)) == (at != model.end()));
      if (at != model.end()) edit(at->second);
      break;
    }
    case 8: {
      const bool first = roll.below(2) == 0;
      const auto gone = must(first ? shared.pop_front() : shared.pop_back());
      REQUIRE(gone.has_value() == !model.empty());
      if (gone) {
        const auto at = first ? model.begin() : std::prev(model.end());
        REQUIRE(gone->first == at->first);
        REQUIRE(gone->second == at->second);
        model.erase(at);
      }
      break;
    }
    default:
      same_searches(shared, model, key);
  }
}

template <class Shared, class Map>
void same_whole(const Shared& shared, const Map& model) {
  REQUIRE(must(shared.size()) == model.size());
  auto at = model.begin();
  const auto all = must(shared.read());
  for (const auto [key, value] : all) {
    REQUIRE(at != model.end());
    REQUIRE(key == at->first);
    REQUIRE(value == at->second);
    ++at;
  }
  REQUIRE(at == model.end());
  auto back = model.rbegin();
  for (const auto [key, value] : all | std::views::reverse) {
    REQUIRE(key == back->first);
    ++back;
  }
  REQUIRE(back == model.rend());
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
      same_whole(shared, model);
      REQUIRE(traced(home) == sound);
    }
  }
}

struct place {
  std::int32_t x = 0;
  std::uint16_t y = 0;
  char name[6] = {};
  friend auto operator<=>(const place&, const place&) = default;
};
BOOST_DESCRIBE_STRUCT(place, (), (x, y, name))

}  // namespace

TEST_CASE("a tree of integers does what std::map does, a million times") {
  opened<shared_btree_map<std::int64_t, std::int64_t>> here;
  run<std::map<std::int64_t, std::int64_t>>(
      here.home, here.held, 1'000'000, [](dice& roll) {
        return std::pair{std::int64_t{roll.below(3000) - 1000},
                         std::int64_t{roll.below(1000)}};
      });
}

TEST_CASE("so does a tree of texts, which separate by texts of their own") {
  opened<shared_btree_map<shared_string, shared_string>> here;
  run<std::map<std::string, std::string>>(
      here.home, here.held, 100'000, [](dice& roll) {
        // So few that all their blocks fit into one journal. Bytes above 127
        // come behind all others.
        const auto number = roll.below(150);
        auto key = "key " + std::to_string(number);
        if (number % 3 == 0) key += " of more than fifteen bytes";
        if (number % 5 == 0) key.insert(0, "\xc3\xa9");
        return std::pair{key, roll.short_text()};
      });
}

TEST_CASE("so does a tree of structs, which order by their fields") {
  opened<shared_btree_map<place, point>> here;
  run<std::map<place, point>>(here.home, here.held, 100'000, [](dice& roll) {
    place p{
        roll.below(20) - 10, static_cast<std::uint16_t>(roll.below(20)), {}};
    p.name[0] = static_cast<char>('a' + roll.below(3));
    return std::pair{p, point{1.0 * roll.below(9), roll.below(9), "p"}};
  });
}

TEST_CASE("an ordered set does what std::set does") {
  opened<shared_btree_set<std::int32_t>> here;
  const auto seed = pick_seed();
  CAPTURE(seed);
  dice roll{seed};
  std::set<std::int32_t> model;
  for (int i = 0; i < 200'000; ++i) {
    const auto key = roll.below(2000) - 500;
    switch (roll.below(5)) {
      case 0:
      case 1:
        REQUIRE(must(here.held.insert(key)) == model.insert(key).second);
        break;
      case 2:
        REQUIRE(must(here.held.erase(key)) == (model.erase(key) > 0));
        break;
      case 3: {
        const auto next = here.held.lower_bound(key);
        const auto at = model.lower_bound(key);
        REQUIRE(next.has_value() == (at != model.end()));
        if (next) REQUIRE(*next == *at);
        break;
      }
      default:
        REQUIRE(must(here.held.contains(key)) == model.contains(key));
    }
  }
  REQUIRE(must(here.held.copy()) ==
          std::vector<std::int32_t>(model.begin(), model.end()));
  REQUIRE(traced(here.home) == sound);
}

TEST_CASE("a tree filled in order has full leaves, either way it is filled") {
  opened<shared_btree_map<std::int64_t, std::int64_t>> one;
  opened<shared_btree_map<std::int64_t, std::int64_t>> other;
  constexpr std::int64_t count = 5000;
  for (std::int64_t i = 0; i < count; ++i)
    must(one.held.insert(i, -i));
  must(other.held.bulk_load(
      std::views::iota(std::int64_t{0}, count) |
      std::views::transform([](auto i) { return std::pair{i, -i}; })));

  CHECK(must(one.held.copy()) == must(other.held.copy()));
  CHECK(traced(one.home) == sound);
  CHECK(traced(other.home) == sound);
  // 15 to a leaf: what both take beside is inner nodes, 1 in 30.
  const auto leaves = (count + 14) / 15;
  for (const auto* home : {&one.home, &other.home}) {
    CHECK(home->statistics().live_blocks < leaves + leaves / 15 + 20);
  }
}

TEST_CASE("what is erased gives its blocks back, in any order") {
  opened<shared_btree_map<std::int64_t, shared_string>> here;
  const auto before = here.home.statistics().live_blocks;
  const auto seed = pick_seed();
  CAPTURE(seed);
  std::vector<std::int64_t> keys(3000);
  std::ranges::copy(std::views::iota(0, 3000), keys.begin());
  std::shuffle(keys.begin(), keys.end(), std::mt19937_64{seed});
  for (const auto key : keys)
    must(here.held.insert(key, "a text of more than fifteen bytes"));
  std::shuffle(keys.begin(), keys.end(), std::mt19937_64{seed + 1});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    must(here.held.erase(keys[i]));
    if (i % 500 == 0) REQUIRE(traced(here.home) == sound);
  }

  CHECK(must(here.held.size()) == 0);
  CHECK(here.held.front().error() == read_error::absent);
  CHECK(here.home.statistics().live_blocks == before);
}

TEST_CASE("keys order as the layout says, whatever a compiler's char is") {
  opened<shared_btree_set<shared_string>> texts;
  constexpr const char* long_upper = "a text that has a blocK";
  constexpr const char* long_lower = "a text that has a block";
  for (const auto* text :
       {"b", "", "\xff", "ab", "a", "B", long_lower, long_upper}) {
    must(texts.held.insert(text));
  }
  CHECK(must(texts.held.copy()) ==
        std::vector<std::string>{"", "B", "a", long_upper, long_lower, "ab",
                                 "b", "\xff"});

  opened<shared_btree_set<double>> numbers;
  const auto infinity = std::numeric_limits<double>::infinity();
  for (const auto number : {1.0, -0.0, 0.0, infinity, -infinity, -2.5}) {
    must(numbers.held.insert(number));
  }
  const auto in_order = must(numbers.held.copy());
  CHECK(in_order ==
        std::vector<double>{-infinity, -2.5, -0.0, 0.0, 1.0, infinity});
  CHECK(std::signbit(in_order[2]));
  CHECK_FALSE(std::signbit(in_order[3]));

  opened<shared_btree_set<std::int8_t>> bytes;
  for (const auto byte : {std::int8_t{-1}, std::int8_t{0}, std::int8_t{-128}})
    must(bytes.held.insert(byte));
  CHECK(must(bytes.held.copy()) == std::vector<std::int8_t>{-128, -1, 0});
}

TEST_CASE("a range scan goes both ways and ends when it is told to") {
  opened<shared_btree_map<int, int>> here;
  for (int i = 0; i < 1000; ++i)
    must(here.held.insert(2 * i, i));
  const auto part = must(here.held.read(101, 110));
  std::vector<int> keys;
  for (const auto [key, value] : part)
    keys.push_back(key);
  CHECK(keys == std::vector<int>{102, 104, 106, 108});
  keys.clear();
  for (const auto [key, value] : part | std::views::reverse)
    keys.push_back(key);
  CHECK(keys == std::vector<int>{108, 106, 104, 102});
  CHECK(std::ranges::distance(must(here.held.read(110, 101))) == 0);
  CHECK(std::ranges::distance(must(here.held.read_from(1990))) == 5);
  keys.clear();
  must(here.held.for_each(0, 100, [&](const auto& entry) {
    keys.push_back(entry.first);
    return keys.size() < 3;
  }));
  CHECK(keys == std::vector<int>{0, 2, 4});
}

TEST_CASE("keys and values of an ordered map can be had alone") {
  opened<shared_btree_map<shared_string, int>> here;
  must(here.held.bulk_load(std::map<std::string, int>{{"b", 2}, {"a", 1}}));

  CHECK(must(here.held.keys()) == std::vector<std::string>{"a", "b"});
  CHECK(must(here.held.values()) == std::vector<int>{1, 2});
  std::string all;
  for (const auto key : must(here.held.read()) | std::views::keys)
    all += key;
  CHECK(all == "ab");
}

TEST_CASE("a bulk load takes any order, and of equal keys the last") {
  opened<shared_btree_map<int, int>> here;
  must(here.held.insert(5, 50));
  std::vector<std::pair<int, int>> entries;
  for (int i = 100; i >= 0; --i)
    entries.emplace_back(i, i);
  entries.emplace_back(7, 70);

  must(here.held.bulk_load(entries));

  CHECK(must(here.held.size()) == 101);
  CHECK(must(here.held.get(5)) == 5);
  CHECK(must(here.held.get(7)) == 70);
}

TEST_CASE("a tree whose nodes make no sense is damaged, not followed") {
  opened<shared_btree_map<int, int>> here;
  for (int i = 0; i < 1000; ++i)
    must(here.held.insert(i, i));
  const auto& img = here.home.engine()->img();
  auto& root = img.root_at(here.held.place().root);
  const memory::offset top = root.shape[0];
  SECTION("a top outside of the segment") {
    root.shape[0] = std::uint64_t{1} << 45U;
  }
  SECTION("a top between blocks") { root.shape[0].fetch_add(4); }
  SECTION("more levels than there can be") { root.shape[1] = 1000; }
  SECTION("an inner node with too many children") { img.word(top + 8) = 1000; }
  SECTION("a child outside of the segment") {
    for (auto at = top + 16; at < top + 504; at += 8)
      img.word(at) = std::uint64_t{1} << 45U;
  }

  CHECK(here.held.get(5).error() == read_error::damaged);
  CHECK(here.held.lower_bound(5).error() == read_error::damaged);
  CHECK(here.held.insert(5000, 5).error() == write_error::damaged);
  CHECK(here.held.erase(5).error() == write_error::damaged);
  CHECK(here.held.for_each([](const auto&) {}).error() == read_error::damaged);
}

TEST_CASE("a search that began before the segment grew follows what is new") {
  opened<shared_btree_map<int, int>> world;
  for (int i = 0; i < 20'000; ++i)
    must(world.held.insert(i, i));
  auto& img = world.home.engine()->img();
  const auto place = world.held.place();
  const memory::btree<growing_order> tree{img, place.root, {}};
  constexpr int last = 19'999;
  const auto way = tree.locate(memory::seek::equal, last);
  const auto top_end = way.steps[0].node + growing_order::nodes().inner_bytes();
  REQUIRE(way.leaf().node > top_end);

  growing_order::end = img.header().committed.load();
  growing_order::grows = &img;
  img.header().committed.store(top_end);
  const auto outcome = tree.find(
      place.generation, memory::seek::equal, last,
      [](const std::uint64_t*, const std::uint64_t*) { return true; });
  growing_order::grows = nullptr;
  img.header().committed.store(growing_order::end);

  CHECK(outcome == memory::lookup::found);
}
