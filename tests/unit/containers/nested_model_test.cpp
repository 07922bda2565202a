// Random operations on containers of containers and on their twins in std.
#include "random_steps.hpp"

#include <catch2/catch_test_macros.hpp>

#include <iostream>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

std::vector<std::string> some_words(dice& roll) {
  std::vector<std::string> made;
  for (int i = roll.below(5); i > 0; --i)
    made.push_back(roll.short_text());
  return made;
}
std::vector<std::pair<int, std::vector<sample>>> some_maps(dice& roll) {
  std::vector<std::pair<int, std::vector<sample>>> made;
  const auto count = roll.below(4);
  for (int i = 0; i < count; ++i) {
    made.emplace_back(
        3 * i, std::vector<sample>(roll.index(5), sample{roll.below(9), i}));
  }
  return made;
}

/// Lets `edit` change what lies under `key`, by its handle or in place.
template <class Map, class Edit>
void visit(Map& map, int key, dice& roll, Edit&& edit) {
  if (!must(map.contains(key))) return;
  if (roll.below(2) == 0) {
    must(map.update(key, edit));
  } else if constexpr (std::is_base_of_v<object_handle, Map>) {
    auto nested = must(map.at(key));
    edit(nested);
  } else {
    edit(map.at(key));
  }
}

template <class World>
void step_groups(World& w, dice& roll) {
  const auto key = roll.below(60);
  switch (roll.below(12)) {
    case 0:
    case 1:
      must(w.groups.insert_or_assign(key, some_words(roll)));
      break;
    case 2:
      must(w.groups.try_emplace(key));
      break;
    case 3:
      must(w.groups.erase(key));
      break;
    case 4:
      must(w.groups.extract(key));
      break;
    case 5:
      if (roll.below(20) == 0) must(w.groups.clear());
      break;
    case 6: {
      std::map<int, std::vector<std::string>> more;
      for (int i = roll.below(8); i > 0; --i)
        more[roll.below(60)] = some_words(roll);
      must(w.groups.bulk_load(more));
      break;
    }
    case 7: {
      const auto odd = roll.below(7);
      must(
          w.groups.erase_if([&](const auto& e) { return e.first % 7 == odd; }));
      break;
    }
    default:
      visit(w.groups, key, roll, [&](auto& list) {
        auto inside = roll;
        must(list.push_back(inside.short_text()));
        if (inside.below(3) == 0) must(list.pop_back());
        if (inside.below(5) == 0) must(list.insert(0, inside.short_text()));
        if (inside.below(9) == 0) must(list.clear());
        if (inside.below(9) == 0) must(list.assign(some_words(inside)));
        if (inside.below(9) == 0) must(list.resize(inside.index(12)));
      });
  }
}

template <class World>
void step_deep(World& w, dice& roll) {
  const auto key = roll.below(40);
  switch (roll.below(12)) {
    case 0:
    case 1:
      must(w.deep.insert_or_assign(key, some_maps(roll)));
      break;
    case 2:
      must(w.deep.try_emplace(key));
      break;
    case 3:
      must(w.deep.erase(key));
      break;
    case 4:
      must(w.deep.pop_front());
      break;
    case 5:
      if (roll.below(20) == 0) must(w.deep.clear());
      break;
    case 6:
      if (roll.below(4) == 0) must(w.deep.erase_range(key, key + 9));
      break;
    default:
      visit(w.deep, key, roll, [&](auto& map) {
        auto inside = roll;
        const auto k = inside.below(12);
        must(map.try_emplace(k));
        if (inside.below(4) == 0) must(map.erase(inside.below(12)));
        if (inside.below(40) == 0) must(map.clear());
        visit(map, k, inside, [&](auto& list) {
          auto deepest = inside;
          must(list.push_back({deepest.below(50), 1}));
          if (deepest.below(4) == 0) must(list.erase(0));
        });
      });
  }
}

/// One step, the same in both worlds because the dice are.
template <class World>
void step(World& w, dice roll) {
  switch (roll.below(8)) {
    case 0: {
      const auto count = 1 + roll.below(5);
      const bool fails = roll.below(3) == 0;
      try {
        w.together_in_order([&] {
          for (int i = 0; i < count; ++i) {
            step_groups(w, roll);
            step_deep(w, roll);
          }
          if (fails) throw std::runtime_error{"half way"};
        });
      } catch (const std::runtime_error& what) {
        if (what.what() != std::string{"half way"}) throw;
      }
      break;
    }
    case 1:
    case 2:
    case 3:
      step_deep(w, roll);
      break;
    default:
      step_groups(w, roll);
  }
}

void run(shared_world& w, int steps, std::uint64_t seed) {
  model_world model;
  std::mt19937_64 random{seed};
  const auto often = std::max(500, steps / 200);
  for (int i = 0; i < steps; ++i) {
    const dice roll{random()};
    CAPTURE(seed, i);
    step(model, roll);
    REQUIRE_NOTHROW(step(w, roll));
    if (i % often == 0 || i == steps - 1) {
      const auto found = must(read_world(w.home.engine(), w.where()));
      REQUIRE(difference(model, found) == "");
      REQUIRE(trace_blocks(w.home.engine()->img()).text() == "");
      for (const auto& [key, value] : model.groups)
        REQUIRE(must(w.groups.get(key)) == value);
    }
  }
  w.home.sweep();
  REQUIRE(trace_blocks(w.home.engine()->img()).text() == "");
}

}  // namespace

TEST_CASE("containers of containers do what those of std do") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder));

  run(w, 30'000, seed);
}

TEST_CASE("so they do with small pages and journals of 4 KiB") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto sizes = small_geometry();
  sizes.capacity = 256ULL * sizes.chunk_bytes;
  sizes.journal_bytes = 32U << 10U;
  auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));

  run(w, 10'000, seed);
}

TEST_CASE("so they do a million times", "[slow]") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder));

  run(w, 1'000'000, seed);
}
