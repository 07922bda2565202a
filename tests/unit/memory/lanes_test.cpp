// Lanes: one for each thread that writes, and what happens when they run out.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <support/meeting_point.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

std::uint32_t leased_lanes(const memory::image& img) {
  std::uint32_t count = 0;
  for (memory::lane_index i = 0; i < img.lane_count(); ++i) {
    const memory::lane_word word{img.lane(i)->word.load()};
    count += word.state() == memory::lane_state::leased ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("threads that end leave their lanes to later ones") {
  const test_folder folder;
  const auto sizes = small_geometry();
  auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
  const auto& img = w.home.engine()->img();
  must(w.box.set({}));
  // One that the participant keeps to lend, and this thread's.
  CHECK(leased_lanes(img) == 2);

  for (int i = 0; i < 50; ++i) {
    std::thread{[&] { must(w.queue.push_back({i, i})); }}.join();
  }

  CHECK(must(w.queue.size()) == 50);
  CHECK(leased_lanes(img) == 3);
}

TEST_CASE("threads that find no lane borrow the participant's, one by one") {
  const test_folder folder;
  auto sizes = small_geometry();
  const auto lanes = GENERATE(1U, 3U);
  sizes.lanes = lanes;
  auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
  must(w.numbers.insert("sum", 0));
  constexpr int threads = 8;
  constexpr int rounds = 100;
  // So that no thread ends and leaves its lane while others write.
  meeting_point end{threads};

  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        must(w.numbers.update("sum", [](std::int64_t& n) { ++n; }));
        must(transact(w.texts, w.numbers, [&](transaction&) {
          must(w.texts.insert_or_assign(t, std::string(20 + i, 'x')));
          must(w.numbers.update("sum", [](std::int64_t& n) { ++n; }));
        }));
        must(transact(w.home, [&](transaction&) {
          must(w.numbers.update("sum", [](std::int64_t& n) { ++n; }));
        }));
        const auto block = must(w.home.allocate(64));
        must(w.home.deallocate(block));
      }
      end.arrive_and_wait();
    });
  }
  for (auto& t : all)
    t.join();

  CHECK(must(w.numbers.get("sum")) == 3 * threads * rounds);
  CHECK(must(w.texts.size()) == threads);
  CHECK(leased_lanes(w.home.engine()->img()) == lanes);
  must(w.home.create<shared_string>("made with a borrowed lane", "x"));
  must(w.home.remove_object("made with a borrowed lane"));
  w.home.engine()->detach();
  CHECK(leased_lanes(w.home.engine()->img()) == 0);
}

TEST_CASE("a lane that stays lent until the deadline is lanes_exhausted") {
  const test_folder folder;
  auto sizes = small_geometry();
  sizes.lanes = 1;
  auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
  w.set_patience(20ms);

  must(transact(w.box, [&](transaction&) {
    // Another thread; this one has borrowed the only lane.
    std::thread{[&] {
      const auto refused = w.texts.insert(1, "one");
      REQUIRE_FALSE(refused);
      CHECK(refused.error() == write_error::lanes_exhausted);
      CHECK(transact(within(1ms), w.texts, [](transaction&) {}).error() ==
            write_error::lanes_exhausted);
      CHECK(transact(within(1ms), w.home, [](transaction&) {}).error() ==
            write_error::lanes_exhausted);
      // It reads all the same, copies and not under a guard, which would keep
      // the lane.
      CHECK(must(w.texts.size()) == 0);
      CHECK(w.texts.read().error() == read_error::busy);
      CHECK_FALSE(w.texts.wait_for_change(w.texts.version(), 1ms));
    }}.join();
    must(w.box.set({1, 1, "x"}));
  }));

  std::thread{[&] { CHECK(w.texts.insert(1, "one")); }}.join();
  CHECK(must(w.box.get()) == point{1, 1, "x"});
}

TEST_CASE("two attachments of one process are two participants") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto one = shared_world::open_or_create("s", options);
  auto two = shared_world::open_or_create("s", options);

  for (int i = 0; i < 100; ++i) {
    must((i % 2 == 0 ? one : two).texts.insert(i, std::string(50, 'x')));
  }

  CHECK(one.home.engine()->slot() != two.home.engine()->slot());
  CHECK(must(one.texts.size()) == 100);
  CHECK(leased_lanes(one.home.engine()->img()) == 4);
}

TEST_CASE("many threads of two attachments count every change once") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto one = shared_world::open_or_create("s", options);
  auto two = shared_world::open_or_create("s", options);
  must(one.numbers.insert("sum", 0));
  constexpr int threads = 4;
  constexpr int rounds = 2000;

  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      auto& w = t % 2 == 0 ? one : two;
      for (int i = 0; i < rounds; ++i) {
        must(w.numbers.update("sum", [](std::int64_t& n) { ++n; }));
        must(w.texts.insert_or_assign(t, std::string(20 + i % 100, 'x')));
      }
    });
  }
  for (auto& t : all)
    t.join();

  CHECK(must(one.numbers.get("sum")) == threads * rounds);
  CHECK(must(one.texts.size()) == threads);
}

TEST_CASE("a header that lies about its lanes leads nowhere") {
  const test_folder folder;
  auto sizes = small_geometry();
  sizes.lanes = 4095;
  sizes.lane_step = 1;
  auto home = must(segment::create("s", in_folder(folder, &sizes)));
  const auto& img = home.engine()->img();

  img.control().lane_steps = ~0U;
  CHECK(img.lane_count() <= 64);
  for (memory::lane_index i = 0; i < 4096; ++i) {
    static_cast<void>(img.lane(i));
  }
  img.control().lane_steps = 3;
  img.control().lane_step_at[1] = 12345;  // Not on a line.
  img.control().lane_step_at[2] = ~std::uint64_t{63};
  CHECK(img.lane(0) != nullptr);
  CHECK(img.lane(1) == nullptr);
  CHECK(img.lane(2) == nullptr);
  img.control().lane_steps = 1;
}
