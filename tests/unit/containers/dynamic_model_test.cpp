// Random operations by descriptor and by type, and on their twins in std.
#include "random_steps.hpp"

#include <catch2/catch_test_macros.hpp>

#include <support/block_trace.hpp>
#include <support/dynamic_faces.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

/// Becomes this content, whatever it was.
template <class Face, class Content>
void become(Face& face, const Content& content) {
  if constexpr (requires { face.assign(content); }) {
    must(face.assign(content));
  } else {
    must(face.clear());
    must(face.bulk_load(content));
  }
}

sample some_sample(dice& roll) { return {roll.below(100), roll.below(9)}; }
std::vector<std::string> some_words(dice& roll) {
  std::vector<std::string> made;
  for (int i = roll.below(7); i > 0; --i)
    made.push_back(roll.short_text());
  return made;
}
std::vector<sample> some_samples(dice& roll) {
  std::vector<sample> made;
  for (int i = roll.below(40); i > 0; --i)
    made.push_back(some_sample(roll));
  return made;
}
template <class Value>
std::vector<std::pair<int, Value>> some_entries(dice& roll,
                                                Value (*make)(dice&)) {
  std::map<int, Value> made;
  for (int i = roll.below(30); i > 0; --i)
    made[roll.below(200)] = make(roll);
  return {made.begin(), made.end()};
}
std::string some_text(dice& roll) { return roll.text(); }

template <class Face>
void step_maps(Face& w, dice& roll) {
  const auto key = roll.below(200);
  switch (roll.below(12)) {
    case 0:
    case 1:
      must(w.texts.insert_or_assign(key, roll.text()));
      break;
    case 2:
      must(w.texts.erase(key));
      break;
    case 3:
      must(w.numbers.insert_or_assign(roll.name(), std::int64_t{key}));
      break;
    case 4:
      must(w.numbers.erase(roll.name()));
      break;
    case 5:
    case 6:
      must(w.ordered.insert_or_assign(key, roll.text()));
      break;
    case 7:
      must(w.ordered.erase(key));
      break;
    case 8:
      must(w.index.insert(roll.short_text()));
      break;
    case 9:
      must(w.index.erase(roll.short_text()));
      break;
    case 10:
      must(w.members.insert(key));
      break;
    default:
      must(w.members.erase(key));
  }
}

template <class Face>
void step_rows(Face& w, dice& roll) {
  const auto index = roll.below(60);
  switch (roll.below(14)) {
    case 0:
    case 1:
      must(w.list.push_back(some_sample(roll)));
      break;
    case 2:
      must(w.list.pop_back());
      break;
    case 3:
      must(w.list.set(static_cast<std::size_t>(index), some_sample(roll)));
      break;
    case 4:
      must(w.list.insert(index, some_sample(roll)));
      break;
    case 5:
      must(w.list.erase(index));
      break;
    case 6:
      must(w.words.push_back(roll.text()));
      break;
    case 7:
      must(w.words.pop_back());
      break;
    case 8:
      must(w.words.set(static_cast<std::size_t>(index), roll.text()));
      break;
    case 9:
      must(w.queue.push_back(some_sample(roll)));
      break;
    case 10:
      must(w.queue.push_front(some_sample(roll)));
      break;
    case 11:
      must(w.queue.pop_front());
      break;
    case 12:
      must(w.queue.pop_back());
      break;
    default:
      must(w.queue.set(static_cast<std::size_t>(index), some_sample(roll)));
  }
}

template <class Face>
void step_nested(Face& w, dice& roll) {
  const auto key = roll.below(20);
  switch (roll.below(4)) {
    case 0:
      must(w.groups.insert_or_assign(key, some_words(roll)));
      break;
    case 1:
      must(w.groups.erase(key));
      break;
    case 2:
      must(w.deep.insert_or_assign(
          key, some_entries<std::vector<sample>>(roll, some_samples)));
      break;
    default:
      must(w.deep.erase(key));
  }
}

template <class Face>
void step_whole(Face& w, dice& roll) {
  switch (roll.below(16)) {
    case 0:
      must(w.box.set(point{0.5, roll.below(9), "named"}));
      break;
    case 1:
      must(w.text.assign(roll.text()));
      break;
    case 2:
      become(w.list, some_samples(roll));
      break;
    case 3:
      become(w.words, some_words(roll));
      break;
    case 4:
      become(w.queue, some_samples(roll));
      break;
    case 5:
      become(w.texts, some_entries<std::string>(roll, some_text));
      break;
    case 6:
      become(w.ordered, some_entries<std::string>(roll, some_text));
      break;
    case 7: {
      const std::set<int> some{roll.below(9), roll.below(99), roll.below(999)};
      become(w.members, std::vector<int>(some.begin(), some.end()));
      break;
    }
    case 8: {
      const std::set<std::string> some{roll.short_text(), roll.text()};
      become(w.index, std::vector<std::string>(some.begin(), some.end()));
      break;
    }
    case 9:
      must(w.texts.clear());
      break;
    case 10:
      must(w.ordered.clear());
      break;
    case 11:
      must(w.list.clear());
      break;
    case 12:
      must(w.words.clear());
      break;
    case 13:
      must(w.queue.clear());
      break;
    case 14:
      must(w.members.clear());
      break;
    default:
      must(w.text.clear());
  }
}

template <class Face>
void step(Face&& w, dice roll) {
  const auto kind = roll.below(100);
  if (kind < 45) {
    step_maps(w, roll);
  } else if (kind < 85) {
    step_rows(w, roll);
  } else if (kind < 98) {
    step_nested(w, roll);
  } else {
    step_whole(w, roll);
  }
}

/// Both faces take turns by chance; alone, or several in one transaction that
/// comes to nothing now and then.
void run(shared_world& w, int steps, std::uint64_t seed) {
  model_world model;
  std::mt19937_64 random{seed};
  auto faces = by_descriptor(w);
  const auto often = std::max(500, steps / 100);
  for (int i = 0; i < steps; ++i) {
    CAPTURE(seed, i);
    const dice roll{random()};
    const bool is_undone = random() % 16 == 0;
    const auto act = [&] {
      if (random() % 3 == 0) {
        step(w, roll);
      } else {
        step(faces, roll);
      }
      if (is_undone) throw std::runtime_error{"no"};
    };
    if (is_undone) {
      REQUIRE_THROWS_AS(transact(w.home, [&](transaction&) { act(); }),
                        std::runtime_error);
    } else {
      step(model, roll);
      REQUIRE_NOTHROW(act());
    }
    if (i % often == 0 || i == steps - 1) {
      const auto found = must(read_world(w.home.engine(), w.where()));
      REQUIRE(difference(model, found) == "");
      REQUIRE(trace_blocks(w.home.engine()->img()).text() == "");
      for (const auto& [key, value] : model.deep) {
        for (const auto& [inner, samples] : value) {
          REQUIRE(must(must(must(w.deep.at(key)).at(inner)).copy()) == samples);
          REQUIRE(must(faces.deep.at(key).at(inner).object.read()).value ==
                  value_of(std::vector<sample>(samples)));
        }
      }
    }
  }
  w.home.sweep();
  REQUIRE(trace_blocks(w.home.engine()->img()).text() == "");
}

}  // namespace

TEST_CASE("what is written by descriptor is what is written by type") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder));

  run(w, 20'000, seed);
}

TEST_CASE("so it is with small pages and journals") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto sizes = small_geometry();
  sizes.capacity = 256ULL * sizes.chunk_bytes;
  sizes.journal_bytes = 32U << 10U;
  auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));

  run(w, 5'000, seed);
}

TEST_CASE("so it is a million times", "[.slow]") {
  const auto seed = pick_seed();
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder));

  run(w, 1'000'000, seed);
}
