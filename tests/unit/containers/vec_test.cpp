// Vectors: what each operation answers, and a million random ones beside
// std::vector.
#include "random_steps.hpp"
#include <commy/containers/shared_vec.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <numeric>
#include <ranges>
#include <set>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

template <class T>
struct open_vec {
  test_folder folder;
  segment home = must(segment::create("s", in_folder(folder)));
  shared_vec<T> vec = must(home.create<shared_vec<T>>("vec"));
};

std::string traced(const segment& home) {
  return trace_blocks(home.engine()->img()).text();
}

/// One random step on both; `make` makes a value, `change` another one of it.
template <class T, class V, class Make>
void step(shared_vec<T>& shared, std::vector<V>& model, dice& roll, Make make) {
  const auto at = roll.index(model.size() + 2);
  const auto there = [&] {
    return model.begin() + static_cast<std::ptrdiff_t>(at);
  };
  switch (roll.below(1000)) {
    case 0:
      must(shared.sort());
      std::sort(model.begin(), model.end());
      return;
    case 1:
      must(shared.reverse());
      std::reverse(model.begin(), model.end());
      return;
    case 2: {
      const auto removed = must(shared.unique());
      const auto end = std::unique(model.begin(), model.end());
      REQUIRE(removed == static_cast<std::uint64_t>(model.end() - end));
      model.erase(end, model.end());
      return;
    }
    case 3:
      must(shared.shrink_to_fit());
      return;
    case 4:
      must(shared.reserve(at));
      return;
    case 5: {
      const auto value = make(roll);
      const auto count = roll.index(80);
      must(shared.resize(count, value));
      model.resize(count, value);
      return;
    }
    case 6: {
      const auto less = [limit = make(roll)](const auto& v) {
        return v < limit;
      };
      REQUIRE(must(shared.erase_if(less)) == std::erase_if(model, less));
      return;
    }
    case 7:
      REQUIRE(must(shared.take()) == model);
      model.clear();
      return;
    case 8:
      must(shared.clear());
      model.clear();
      return;
    case 9: {
      std::vector<V> fresh;
      for (auto n = roll.below(100); n > 0; --n)
        fresh.push_back(make(roll));
      must(shared.assign(fresh));
      model = fresh;
      return;
    }
    case 10: {
      const auto count = roll.index(20);
      const auto removed = must(shared.erase(at, count));
      const auto end = std::min(model.size(), at + count);
      REQUIRE(removed == (at < end ? end - at : 0));
      if (at < end) {
        model.erase(there(), model.begin() + static_cast<std::ptrdiff_t>(end));
      }
      return;
    }
    default:
      break;
  }
  switch (roll.below(12)) {
    case 0:
    case 1:
    case 2: {
      const auto value = make(roll);
      must(shared.push_back(value));
      model.push_back(value);
      break;
    }
    case 3: {
      const auto last = must(shared.pop_back());
      REQUIRE(last.has_value() == !model.empty());
      if (last) {
        REQUIRE(*last == model.back());
        model.pop_back();
      }
      break;
    }
    case 4:
    case 5: {
      const auto value = make(roll);
      REQUIRE(must(shared.set(at, value)) == (at < model.size()));
      if (at < model.size()) model[at] = value;
      break;
    }
    case 6: {
      const auto value = make(roll);
      REQUIRE(must(shared.insert(at, value)) == (at <= model.size()));
      if (at <= model.size()) model.insert(there(), value);
      break;
    }
    case 7:
      REQUIRE(must(shared.erase(at)) == (at < model.size()));
      if (at < model.size()) model.erase(there());
      break;
    case 8: {
      const auto value = must(shared.extract(at));
      REQUIRE(value.has_value() == (at < model.size()));
      if (value) {
        REQUIRE(*value == model[at]);
        model.erase(there());
      }
      break;
    }
    case 9: {
      const auto other = roll.index(model.size() + 1);
      const bool both = at < model.size() && other < model.size();
      REQUIRE(must(shared.swap_elements(at, other)) == both);
      if (both) std::swap(model[at], model[other]);
      break;
    }
    case 10: {
      const std::vector<V> more{make(roll), make(roll), make(roll)};
      must(shared.append(more));
      model.insert(model.end(), more.begin(), more.end());
      break;
    }
    default: {
      const auto value = shared.get(at);
      REQUIRE(value.has_value() == (at < model.size()));
      if (value) REQUIRE(*value == model[at]);
    }
  }
}

template <class T, class V, class Make>
void run(const segment& home, shared_vec<T>& shared, int steps, Make make) {
  const auto seed = pick_seed();
  CAPTURE(seed);
  dice roll{seed};
  std::vector<V> model;
  for (int i = 0; i < steps; ++i) {
    // Several together now and then, half of them undone.
    if (roll.below(50) == 0) {
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
    // Often enough to find out soon, seldom enough to be quick.
    if (i % 10'000 == 0 || i == steps - 1) {
      REQUIRE(must(shared.copy()) == model);
      REQUIRE(must(shared.size()) == model.size());
      REQUIRE(traced(home) == sound);
    }
  }
}

}  // namespace

TEST_CASE("a vector of integers does what std::vector does, a million times") {
  open_vec<std::int64_t> here;
  run<std::int64_t, std::int64_t>(
      here.home, here.vec, 1'000'000,
      [](dice& roll) { return std::int64_t{roll.below(50) - 10}; });
}

TEST_CASE("so does one whose elements share words") {
  open_vec<std::uint8_t> bytes;
  run<std::uint8_t, std::uint8_t>(
      bytes.home, bytes.vec, 100'000,
      [](dice& roll) { return static_cast<std::uint8_t>(roll.below(50)); });
}

TEST_CASE("so does a vector of texts, whose blocks come and go") {
  open_vec<shared_string> here;
  run<shared_string, std::string>(here.home, here.vec, 100'000,
                                  [](dice& roll) { return roll.short_text(); });
}

TEST_CASE("an empty vector has no element, and nothing to take away") {
  open_vec<sample> here;

  CHECK(must(here.vec.size()) == 0);
  CHECK(must(here.vec.capacity()) == 0);
  CHECK(here.vec.get(0).error() == read_error::absent);
  CHECK(here.vec.back().error() == read_error::absent);
  CHECK_FALSE(must(here.vec.pop_back()));
  CHECK_FALSE(must(here.vec.set(0, {})));
  CHECK_FALSE(must(here.vec.erase(0)));
  CHECK_FALSE(must(here.vec.insert(1, {})));
  CHECK(must(here.vec.read()).empty());
  must(here.vec.sort(
      [](const sample& a, const sample& b) { return a.at < b.at; }));
  must(here.vec.shrink_to_fit());
  CHECK(here.home.statistics().live_blocks ==
        must(segment::open("s", in_folder(here.folder)))
            .statistics()
            .live_blocks);
}

TEST_CASE("elements of a plain type are seen where they lie") {
  open_vec<std::int64_t> here;
  must(here.vec.append(std::views::iota(0, 10'000)));

  const auto all = must(here.vec.read());

  static_assert(std::ranges::contiguous_range<decltype(all)>);
  CHECK(all.size() == 10'000);
  CHECK(std::accumulate(all.begin(), all.end(), std::int64_t{0}) ==
        9999 * 10'000 / 2);
  CHECK(all[77] == 77);
  const auto* const in_segment = reinterpret_cast<const std::byte*>(all.data());
  CHECK(in_segment >= here.home.engine()->img().bytes(0));
}

TEST_CASE("texts and bools in a vector are seen as such") {
  open_vec<shared_string> here;
  must(here.vec.assign(
      std::vector<std::string>{"b", "a text of its own block", "a"}));
  must(here.vec.sort());
  must(here.vec.emplace_back("last"));
  must(here.vec.update(0, [](std::string& s) { s += "!"; }));
  const auto all = must(here.vec.read());
  static_assert(std::ranges::random_access_range<decltype(all)>);
  CHECK(std::vector<std::string>(all.begin(), all.end()) ==
        std::vector<std::string>{"a!", "a text of its own block", "b", "last"});
  CHECK(all[3] == "last");

  auto flags = must(here.home.create<shared_vec<bool>>("flags"));
  must(flags.append(std::vector<bool>{true, false, true}));
  CHECK(must(flags.copy()) == std::vector<bool>{true, false, true});
  const auto seen = must(flags.read());
  CHECK(std::vector<bool>(seen.begin(), seen.end()) ==
        std::vector<bool>{true, false, true});
}

TEST_CASE("for_each ends when it is told to") {
  open_vec<int> here;
  must(here.vec.append(std::views::iota(0, 100)));
  std::vector<int> seen;

  must(here.vec.for_each([&](int value) {
    seen.push_back(value);
    return value < 2;
  }));

  CHECK(seen == std::vector<int>{0, 1, 2});
}

TEST_CASE("adding a million elements at once logs none of them") {
  test_folder folder;
  auto sizes = memory::geometry{};
  sizes.capacity = 256_MiB;
  sizes.journal_bytes = 1024;
  auto home = must(segment::create("s", in_folder(folder, &sizes)));
  auto vec = must(home.create<shared_vec<std::int64_t>>("vec"));
  must(vec.push_back(-1));

  must(vec.append(std::views::iota(std::int64_t{0}, std::int64_t{1'000'000})));
  CHECK(must(vec.get(1'000'000)) == 999'999);
  must(vec.sort(std::greater<>{}));
  CHECK(must(vec.front()) == 999'999);
  must(vec.erase_if([](std::int64_t n) { return n % 2 == 0; }));
  CHECK(must(vec.size()) == 500'001);
  must(vec.insert(3, 5));
  must(vec.erase(100, 1000));
  // Also when the place was emptied by the same transaction.
  must(transact(vec, [&](transaction&) {
    must(vec.clear());
    must(vec.append(std::views::iota(0, 100'000)));
  }));
  CHECK(must(vec.back()) == 99'999);
  CHECK(traced(home) == sound);
}

TEST_CASE("a vector beyond a run is refused and stays what it was") {
  open_vec<std::int64_t> here;
  must(here.vec.push_back(1));

  CHECK(here.vec.reserve(64_MiB / 8).error() == write_error::too_large);
  CHECK(here.vec.reserve(~std::uint64_t{0}).error() == write_error::too_large);
  CHECK(here.vec.resize(~std::uint64_t{0}).error() == write_error::too_large);

  CHECK(must(here.vec.copy()) == std::vector<std::int64_t>{1});
}

TEMPLATE_TEST_CASE("a vector grows to a whole run in few steps", "",
                   std::uint8_t, std::int64_t, sample) {
  const test_folder folder;
  const auto sizes = small_geometry();
  auto home = must(segment::create("s", in_folder(folder, &sizes)));
  auto vec = must(home.create<shared_vec<TestType>>("vec"));
  const auto run = sizes.chunk_bytes - sizes.page_bytes;
  std::uint64_t size = 0;
  std::set<std::uint64_t> capacities;
  auto last = vec.push_back({});

  while (last) {
    ++size;
    capacities.insert(must(vec.capacity()));
    last = vec.push_back({});
  }

  CHECK(last.error() == write_error::too_large);
  CHECK(must(vec.size()) == size);
  // Nearly all of the run is elements; by doubling, then once to the end.
  CHECK(size * sizeof(TestType) > run - run / 100);
  CHECK(capacities.size() <= 20);
}

TEST_CASE("a vector whose words make no sense is damaged, not followed") {
  open_vec<sample> here;
  must(here.vec.push_back({1, 1}));
  auto& root = here.home.engine()->img().root_at(here.vec.place().root);
  SECTION("a block beyond the end") { root.shape[1] = std::uint64_t{1} << 40U; }
  SECTION("a block outside of the segment") {
    root.shape[0] = std::uint64_t{1} << 45U;
  }
  SECTION("a block between words") { root.shape[0].fetch_add(4); }

  CHECK(here.vec.get(0).error() == read_error::damaged);
  CHECK(here.vec.copy().error() == read_error::damaged);
  CHECK(here.vec.read().error() == read_error::damaged);
  CHECK(here.vec.push_back({}).error() == write_error::damaged);
  CHECK(here.vec.pop_back().error() == write_error::damaged);
}

TEST_CASE("a size above the capacity is damage, and no element more") {
  open_vec<sample> here;
  must(here.vec.push_back({1, 1}));
  auto& root = here.home.engine()->img().root_at(here.vec.place().root);
  root.motion[0] = 1'000'000;

  CHECK(here.vec.get(500'000).error() == read_error::absent);
  CHECK(here.vec.back().error() == read_error::damaged);
  CHECK(here.vec.set(0, {}).error() == write_error::damaged);
}
