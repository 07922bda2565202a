// Who waits for whom, how long, and what it is told.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <atomic>
#include <future>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

using clock_type = std::chrono::steady_clock;

/// Two attachments of this process to one segment, hence two participants.
struct two_attachments {
  test_folder folder;
  segment_options options = in_folder(folder);
  shared_world first = shared_world::open_or_create("s", options);
  shared_world second = [this] {
    auto others = options;
    others.participant = "the other";
    return shared_world::open_or_create("s", others);
  }();
};

}  // namespace

TEST_CASE("a lock that stays taken is a timeout that names its holder") {
  two_attachments two;
  two.first.box.set_patience(30ms);

  must(transact(two.second.box, [&](transaction&) {
    const auto begun = clock_type::now();
    const auto refused = two.first.box.set({1, 1, "x"});
    CHECK(clock_type::now() - begun >= 30ms);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == write_error::lock_timeout);
    CHECK_THAT(refused.error().message(), ContainsSubstring("the other"));
    CHECK_THAT(refused.error().message(), ContainsSubstring("participant 1"));
  }));

  must(two.first.box.set({2, 2, "y"}));
  CHECK(must(two.second.box.get()) == point{2, 2, "y"});
}

TEST_CASE("who waits for a lock gets it when it is released") {
  two_attachments two;
  // Not std::atomic::wait: with mingw's library of gcc 12 its notification gets
  // lost, and a waiter sleeps for ever.
  std::promise<void> locked;
  std::promise<void> release;
  std::thread holder{[&] {
    must(transact(two.second.box, [&](transaction&) {
      locked.set_value();
      release.get_future().wait();
      must(two.second.box.update([](point& p) { p.y = 1; }));
    }));
  }};
  locked.get_future().wait();
  std::thread waiter{[&] {
    must(two.first.box.update([](point& p) { p.y = p.y * 10 + 2; }));
  }};
  // Let go once the waiter has put its name up.
  const auto& img = two.first.home.engine()->img();
  const auto waits = [&] {
    for (memory::lane_index i = 0; i < img.lane_count(); ++i) {
      if (img.lane(i)->waiting_for.load() == two.first.box.place().root) {
        return true;
      }
    }
    return false;
  };
  while (!waits())
    std::this_thread::yield();
  release.set_value();
  holder.join();
  waiter.join();

  CHECK(must(two.first.box.get()).y == 12);
}

TEST_CASE("a transaction over many objects waits as long for all as for one") {
  two_attachments two;
  two.first.texts.set_patience(60ms);
  must(transact(two.second.box, [&](transaction&) {
    const auto begun = clock_type::now();
    const auto refused = transact(two.first.texts, two.first.queue,
                                  two.first.box, [](transaction&) {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == write_error::lock_timeout);
    CHECK(clock_type::now() - begun < 10s);
  }));
  // The locks that it did get are free again.
  two.second.set_patience(0ms);
  CHECK(two.second.texts.insert(1, "x"));
  CHECK(two.second.queue.push_back({}));
}

TEST_CASE("a read guard holds writers off, and the timeout names the reader") {
  two_attachments two;
  must(two.first.texts.insert(1, "one"));
  two.first.texts.set_patience(30ms);
  {
    const auto held = must(two.second.texts.read());
    const auto refused = two.first.texts.insert(2, "two");
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == write_error::guard_timeout);
    CHECK_THAT(refused.error().message(), ContainsSubstring("the other"));
    // Readers do not hold each other off, and copies need no guard.
    CHECK(two.first.texts.read());
    CHECK(must(two.first.texts.get(1)) == "one");
  }
  must(two.first.texts.insert(2, "two"));
  CHECK(must(two.first.texts.size()) == 2);
}

TEST_CASE("a writer who waits for a guard goes on when it is dropped") {
  two_attachments two;
  auto held = std::optional{must(two.second.texts.read())};
  std::thread writer{[&] { must(two.first.texts.insert(1, "one")); }};
  const auto& root =
      two.first.home.engine()->img().root_at(two.first.texts.place().root);
  while (!memory::lock_word{root.lock.load()}.locked()) {
    std::this_thread::yield();
  }

  // A new guard yields to the waiting writer; only who holds one already may
  // have another.
  two.second.texts.set_patience(0ms);
  std::thread{[&] {
    CHECK(two.second.texts.read().error() == read_error::busy);
  }}.join();
  held.reset();
  writer.join();

  CHECK(must(two.second.texts.get(1)) == "one");
}

TEST_CASE("writing what this thread itself guards fails at once") {
  two_attachments two;
  const auto held = must(two.first.texts.read());
  const auto begun = clock_type::now();

  const auto refused = two.first.texts.insert(1, "one");

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::guarded_by_self);
  CHECK(clock_type::now() - begun < 10s);
}

TEST_CASE("a thread holds at most eight guards") {
  two_attachments two;
  std::vector<shared_hash_map<int, shared_string>::entries> held;
  for (int i = 0; i < 8; ++i)
    held.push_back(must(two.first.texts.read()));

  const auto ninth = two.first.texts.read();

  REQUIRE_FALSE(ninth);
  CHECK(ninth.error() == read_error::busy);
  CHECK_THAT(ninth.error().message(), ContainsSubstring("eight"));
  held.clear();
  CHECK(two.first.texts.read());
  CHECK(two.second.texts.insert(1, "one"));
}

TEST_CASE("a guard inside a transaction on another object only tries") {
  two_attachments two;
  two.first.set_patience(60s);
  two.second.set_patience(0ms);
  must(transact(two.first.box, [&](transaction&) {
    CHECK(must(two.first.texts.read()).begin() == std::default_sentinel);
    must(transact(two.second.texts, [&](transaction&) {
      const auto begun = clock_type::now();
      CHECK(two.first.texts.read().error() == read_error::busy);
      CHECK(clock_type::now() - begun < 10s);
    }));
  }));
}

TEST_CASE("more than 128 objects are too many for one transaction") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto& engine = *home.engine();
  std::vector<shared_box<int>> boxes;
  std::vector<memory::object_place> places;
  for (int i = 0; i < 129; ++i) {
    boxes.push_back(
        must(home.create<shared_box<int>>("box" + std::to_string(i))));
    places.push_back(boxes.back().place());
  }
  const auto run = [&](std::size_t count) {
    auto some = places;
    return memory::run_transaction(engine, some.data(), count, 1s,
                                   [&](transaction&) {
                                     for (std::size_t i = 0; i < count; ++i) {
                                       must(boxes[i].set(1));
                                     }
                                   });
  };

  CHECK(run(128));
  const auto refused = run(129);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::too_many_objects);
  for (auto& box : boxes) {
    box.set_patience(0ms);
    CHECK(box.set(2));
  }
}

TEST_CASE("a version grows with each change, and a waiter is woken by it") {
  two_attachments two;
  const auto seen = two.first.box.version();
  CHECK_FALSE(two.first.box.wait_for_change(seen, 1ms));

  auto waiter = std::async(std::launch::async, [&] {
    return two.first.box.wait_for_change(seen, 60s);
  });
  must(two.second.box.set({1, 1, "x"}));

  CHECK(waiter.get());
  CHECK(two.first.box.version() == seen + 1);
  CHECK(two.first.box.wait_for_change(seen, 0s));
  // One that was undone counts too.
  CHECK_THROWS(two.second.together([&] {
    must(two.second.box.set({}));
    throw std::runtime_error{"no"};
  }));
  CHECK(two.first.box.version() == seen + 2);
}
