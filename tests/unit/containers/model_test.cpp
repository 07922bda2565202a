// Random operations on shared containers and on their twins in std.
#include "random_steps.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

/// One step, the same in both worlds because the dice are.
template <class World>
void step(World& w, dice roll) {
  switch (roll.below(24)) {
    case 0:
    case 1:
    case 2:
      must(w.texts.insert_or_assign(roll.below(200), roll.text()));
      break;
    case 3:
      must(w.texts.insert(roll.below(400), roll.text()));
      break;
    case 4:
    case 5:
    case 6:
      must(w.texts.erase(roll.below(400)));
      break;
    case 7:
      must(w.texts.update(roll.below(200),
                          [&](std::string& text) { text += roll.name(); }));
      break;
    case 8:
    case 9:
      must(w.numbers.insert_or_assign(roll.name(), roll.below(1000)));
      break;
    case 10:
    case 11:
      must(w.numbers.erase(roll.name()));
      break;
    case 12:
      must(w.numbers.update(roll.name(),
                            [](std::int64_t& n) { n = n * 3 % 10'007; }));
      break;
    case 13:
    case 14:
      must(w.queue.push_back({roll.below(100), roll.below(100)}));
      break;
    case 15:
      must(w.queue.push_front({roll.below(100), roll.below(100)}));
      break;
    case 16:
      must(w.queue.pop_front());
      break;
    case 17:
      must(w.queue.pop_back());
      break;
    case 18:
      must(w.box.update(
          [&](point& p) { p.y = (p.y * 7 + roll.below(9)) % 1'000'003; }));
      break;
    case 19:
      must(w.text.assign(roll.text()));
      break;
    case 20:
      if (roll.below(50) == 0) must(w.text.assign(""));
      must(w.text.append(roll.name()));
      break;
    default: {
      // Several together; every third time undone half way.
      const auto count = 1 + roll.below(6);
      const bool fails = roll.below(3) == 0;
      try {
        w.together([&] {
          auto inside = roll;
          for (int i = 0; i < count; ++i) {
            must(w.texts.insert_or_assign(inside.below(200), inside.text()));
            must(w.texts.erase(inside.below(200)));
            must(w.numbers.insert_or_assign(inside.name(), i));
            must(w.queue.push_back({i, i}));
            must(w.queue.pop_front());
          }
          if (fails) throw std::runtime_error{"half way"};
        });
      } catch (const std::runtime_error& what) {
        if (what.what() != std::string{"half way"}) throw;
      }
    }
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
      for (const auto& [key, value] : model.texts) {
        REQUIRE(must(w.texts.get(key)) == value);
      }
      for (const auto& [key, value] : model.numbers) {
        REQUIRE(must(w.numbers.get(key)) == value);
      }
    }
  }
}

}  // namespace

TEST_CASE("shared containers do what std containers do, with any operations") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder));

  run(w, 30'000, seed);
}

TEST_CASE("so they do over a million operations", "[.slow]") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder));

  run(w, 1'000'000, seed);
}

TEST_CASE("so they do in a segment of small pages, where tables are runs") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto sizes = small_geometry();
  sizes.capacity = 256ULL * sizes.chunk_bytes;
  sizes.journal_bytes = 64U << 10U;
  auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));

  run(w, 10'000, seed);
}

TEST_CASE("a segment that reaches its capacity refuses, and goes on") {
  const auto seed = pick_seed();
  CAPTURE(seed);
  const test_folder folder;
  const auto sizes = small_geometry();
  auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
  model_world model;
  std::mt19937_64 random{seed};
  int refusals = 0;

  for (int i = 0; i < 5000; ++i) {
    dice roll{random()};
    const auto key = roll.below(400);
    // Mostly inserts, until it is full; then erasures make room again.
    if (roll.below(5) == 0) {
      must(w.texts.erase(key));
      model.texts.erase(key);
      continue;
    }
    const auto text = roll.text();
    const auto done = w.texts.insert_or_assign(key, text);
    if (done) {
      model.texts.insert_or_assign(key, text);
    } else {
      const auto why = done.error().code();
      REQUIRE(
          (why == write_error::out_of_space || why == write_error::too_large));
      ++refusals;
    }
    if (i % 100 == 0) {
      const auto found = must(read_world(w.home.engine(), w.where()));
      REQUIRE(difference(model, found) == "");
      REQUIRE(trace_blocks(w.home.engine()->img()).text() == "");
    }
  }

  CHECK(refusals > 0);
  CHECK(w.home.statistics().committed_bytes == sizes.capacity);
}
