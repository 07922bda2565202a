// Processes that die while they open, write, close or share a segment.
#include <commy/memory/file_backing.hpp>
#include <commy/memory/fsck.hpp>
#include <commy/memory/image.hpp>

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <csignal>
#include <optional>
#include <random>
#include <support/forked.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;

namespace {

using box = shared_box<std::int64_t>;

/// What lies in a segment that nobody has open.
struct at_rest {
  bool clean = false;
  bool whole = false;
  std::uint32_t live_slots = 0;
};

at_rest look(const std::string& folder) {
  const auto alone = must(memory::file_backing::open(
      folder, platform::access::read_write, platform::lock_mode::exclusive));
  const memory::image img{alone->data(), alone->control(), alone->sizes()};
  at_rest found;
  found.clean = img.header().clean.load() != 0;
  found.whole = fsck(img).whole();
  for (memory::slot_index i = 0; i < img.sizes().participants; ++i) {
    const memory::slot_word word{img.slot(i).word.load()};
    if (word.state() == memory::slot_state::live) ++found.live_slots;
  }
  return found;
}

}  // namespace

TEST_CASE(
    "a killed writer leaves no mark, and the next one to leave makes it") {
  const test_folder folder;
  const auto sizes = small_geometry();
  const auto options = in_folder(folder, &sizes);
  must(must(segment::create("s", options)).create<box>("b", 0));
  forked child{[&](const forked::teller& parent) -> int {
    auto home = must(segment::open("s", options));
    must(must(home.open<box>("b")).set(1));
    parent.say('w');
    for (;;)
      ::pause();
  }};
  REQUIRE(child.next() == 'w');
  child.kill();
  const auto dead = look(folder / "s");
  CHECK_FALSE(dead.clean);
  CHECK(dead.live_slots == 1);

  must(segment::open("s", options));
  const auto after = look(folder / "s");
  CHECK(after.clean);
  CHECK(after.whole);
  CHECK(after.live_slots == 0);
}

TEST_CASE("the last writer to leave settles one that died beside it") {
  const test_folder folder;
  const auto sizes = small_geometry();
  const auto options = in_folder(folder, &sizes);
  auto home = std::optional{must(segment::create("s", options))};
  auto mine = std::optional{must(home->create<box>("b", 0))};
  forked child{[&](const forked::teller& parent) -> int {
    auto theirs = must(segment::open("s", options));
    auto twice = must(theirs.open<box>("b"));
    must(transact(twice, [&](transaction&) {
      must(twice.set(77));
      parent.say('w');
      for (;;)
        ::pause();
    }));
    return 0;
  }};
  REQUIRE(child.next() == 'w');
  child.kill();
  // It leaves without having met what the dead one held.
  mine.reset();
  home.reset();
  const auto after = look(folder / "s");
  CHECK(after.clean);
  CHECK(after.whole);
  CHECK(after.live_slots == 0);
  CHECK(must(must(must(segment::open("s", options)).open<box>("b")).get()) ==
        0);
}

TEST_CASE("wherever an opener or closer dies, a mark is never a lie") {
  const test_folder folder;
  const auto sizes = small_geometry();
  const auto options = in_folder(folder, &sizes);
  must(must(segment::create("s", options)).create<box>("b", 0));
  std::mt19937_64 chance{20};
  int clean = 0;
  constexpr int rounds = 150;
  for (int round = 0; round < rounds; ++round) {
    forked child{[&](const forked::teller& parent) -> int {
      parent.say('r');
      for (;;) {
        auto home = must(segment::open("s", options));
        auto number = must(home.open<box>("b"));
        must(number.update([](std::int64_t& n) { ++n; }));
      }
    }};
    REQUIRE(child.next() == 'r');
    // Anywhere in its rounds, each of which takes a few hundred microseconds.
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::microseconds{chance() % 2'000};
    while (std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    child.kill();
    const auto found = look(folder / "s");
    if (found.clean) {
      ++clean;
      CHECK(found.whole);
      CHECK(found.live_slots == 0);
    }
    CHECK(must(must(must(segment::open("s", options)).open<box>("b")).get()) >=
          0);
  }
  // Both kinds of death came.
  CHECK(clean > 0);
  CHECK(clean < rounds);
}

TEST_CASE("a forked child that leaves marks nothing") {
  const test_folder folder;
  const auto sizes = small_geometry();
  const auto options = in_folder(folder, &sizes);
  auto home = std::optional{must(segment::create("s", options))};
  auto mine = must(home->create<box>("b", 0));
  forked child{[&](const forked::teller&) {
    home.reset();
    return mine.set(1).error() == write_error::detached ? 0 : 1;
  }};
  CHECK(child.wait() == 0);
  CHECK(home->engine()->img().header().clean.load() == 0);
  must(mine.set(2));
}

TEST_CASE("an anonymous segment survives the processes that adopted it") {
  const auto sizes = small_geometry();
  segment_options options;
  options.sizes = &sizes;
  auto home = must(segment::create_anonymous(options));
  auto mine = must(home.create<box>("b", 0));
  const auto files = home.files();
  forked child{[&](const forked::teller& parent) -> int {
    auto theirs = must(segment::adopt(files, options));
    auto number = must(theirs.open<box>("b"));
    must(number.set(1));
    parent.say('1');
    must(transact(number, [&](transaction&) {
      must(number.set(2));
      parent.say('2');
      for (;;)
        ::pause();
    }));
    return 0;
  }};
  REQUIRE(child.next() == '1');
  REQUIRE(child.next() == '2');
  child.kill();
  must(mine.update([](std::int64_t& n) { n += 10; }));
  CHECK(must(mine.get()) == 11);
  CHECK(home.participants().size() == 1);
}

TEST_CASE("an anonymous segment goes on without the one that made it") {
  const auto sizes = small_geometry();
  segment_options options;
  options.sizes = &sizes;
  auto made = std::optional{must(segment::create_anonymous(options))};
  must(made->create<box>("b", 7));
  const auto home = must(segment::adopt(made->files(), options));
  made.reset();
  forked child{[&](const forked::teller&) {
    auto theirs = must(segment::adopt(home.files(), options));
    auto number = must(theirs.open<box>("b"));
    must(number.update([](std::int64_t& n) { ++n; }));
    return 0;
  }};
  CHECK(child.wait() == 0);
  CHECK(must(must(home.open<box>("b")).get()) == 8);
}
