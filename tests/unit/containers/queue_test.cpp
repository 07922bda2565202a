// Queues and boxes: what each operation answers.
#include <catch2/catch_test_macros.hpp>

#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

struct open_queue {
  test_folder folder;
  segment home = must(segment::create("s", in_folder(folder)));
  shared_vec_deque<sample> queue =
      must(home.create<shared_vec_deque<sample>>("queue"));
};

}  // namespace

TEST_CASE("an empty queue has no element, and nothing to take away") {
  open_queue here;

  CHECK(must(here.queue.size()) == 0);
  CHECK(here.queue.front().error() == read_error::absent);
  CHECK(here.queue.back().error() == read_error::absent);
  CHECK(here.queue.get(0).error() == read_error::absent);
  CHECK_FALSE(must(here.queue.pop_front()));
  CHECK_FALSE(must(here.queue.pop_back()));
  CHECK(must(here.queue.copy()).empty());
  int seen = 0;
  must(here.queue.for_each([&](const sample&) { ++seen; }));
  CHECK(seen == 0);
}

TEST_CASE("a queue keeps its order at both ends while its ring moves") {
  open_queue here;
  for (int i = 0; i < 100; ++i) {
    must(here.queue.push_back({i, 1}));
    must(here.queue.push_front({-i, 2}));
    if (i % 4 == 3) must(here.queue.pop_back());
  }

  CHECK(must(here.queue.size()) == 175);
  CHECK(must(here.queue.front()) == sample{-99, 2});
  CHECK(must(here.queue.get(174)) == must(here.queue.back()));
  CHECK(here.queue.get(175).error() == read_error::absent);
  const auto all = must(here.queue.copy());
  REQUIRE(all.size() == 175);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(all[i] == sample{-99 + static_cast<int>(i), 2});
  }
  CHECK(must(here.queue.copy(173, 10)) ==
        std::vector<sample>{all[173], all[174]});
  CHECK(must(here.queue.copy(200)).empty());
  std::vector<sample> first;
  must(here.queue.for_each([&](const sample& s) {
    first.push_back(s);
    return first.size() < 3;
  }));
  CHECK(first == std::vector<sample>{all[0], all[1], all[2]});
}

TEST_CASE("a queue that is filled and emptied for long stays as it is") {
  open_queue here;
  for (int i = 0; i < 3; ++i)
    must(here.queue.push_back({i, i}));
  const auto before = here.home.statistics();

  for (int i = 3; i < 10'000; ++i) {
    must(here.queue.push_back({i, i}));
    REQUIRE(must(here.queue.pop_front()) == sample{i - 3, i - 3});
  }

  CHECK(here.home.statistics().live_bytes == before.live_bytes);
}

TEST_CASE("a queue whose ends make no sense is damaged, not followed") {
  open_queue here;
  must(here.queue.push_back({1, 1}));
  auto& root = here.home.engine()->img().root_at(here.queue.place().root);
  SECTION("more elements than room") { root.motion[1].fetch_add(1000); }
  SECTION("a ring that is no power of two") { root.shape[1] = 3; }
  SECTION("a ring beyond the end") { root.shape[1] = std::uint64_t{1} << 40U; }
  SECTION("a ring outside of the segment") {
    root.shape[0] = std::uint64_t{1} << 45U;
  }
  SECTION("a ring between words") { root.shape[0].fetch_add(4); }

  CHECK(here.queue.front().error() == read_error::damaged);
  CHECK(here.queue.copy().error() == read_error::damaged);
  CHECK(here.queue.push_back({}).error() == write_error::damaged);
  CHECK(here.queue.pop_front().error() == write_error::damaged);
  CHECK(here.queue.for_each([](const sample&) {}).error() ==
        read_error::damaged);
}

TEST_CASE("a box is read whole and written whole") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto box = must(home.create<shared_box<point>>("box", point{1, 2, "three"}));

  CHECK(must(box.get()) == point{1, 2, "three"});
  must(box.set({4, 5, "six"}));
  CHECK(must(box.get()) == point{4, 5, "six"});
  must(box.update([](point& p) { p.y = 7; }));
  CHECK(must(box.get()) == point{4, 7, "six"});
  CHECK_THROWS_AS(box.update([](point& p) {
    p.y = 8;
    throw std::runtime_error{"no"};
  }),
                  std::runtime_error);
  CHECK(must(box.get()) == point{4, 7, "six"});
}

TEST_CASE("a box whose block is elsewhere is damaged") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto box = must(home.create<shared_box<point>>("box"));
  auto& root = home.engine()->img().root_at(box.place().root);
  for (const std::uint64_t wrong :
       {std::uint64_t{0}, std::uint64_t{4}, home.engine()->img().committed(),
        ~std::uint64_t{7}}) {
    root.shape[0] = wrong;
    CHECK(box.get().error() == read_error::damaged);
    CHECK(box.set({}).error() == write_error::damaged);
  }
}
