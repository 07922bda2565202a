// Shapes in which participants would wait for each other for ever: each is
// answered at once, or one of them gets on.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <future>
#include <support/meeting_point.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

using clock_type = std::chrono::steady_clock;
using map = shared_hash_map<int, int>;

/// Two maps in the order of their roots, `x` before `y`, for two participants
/// that have a minute of patience.
struct two_maps {
  test_folder folder;
  segment_options options = in_folder(folder);
  segment home = must(segment::create("s", options));
  map x = must(home.create<map>("x"));
  map y = must(home.create<map>("y"));
  segment away = [this] {
    auto others = options;
    others.participant = "the other";
    return must(segment::open("s", others));
  }();
  map far_x = must(away.open<map>("x"));
  map far_y = must(away.open<map>("y"));

  two_maps() {
    if (x.place().root > y.place().root) {
      std::swap(x, y);
      std::swap(far_x, far_y);
    }
  }
  [[nodiscard]] bool locked(const map& one) const {
    return memory::lock_word{
        home.engine()->img().root_at(one.place().root).lock.load()}
        .locked();
  }
};

}  // namespace

TEST_CASE("who guards x and writes y, beside who guards y and writes x") {
  two_maps here;
  meeting_point both_guard{2};
  std::thread other{[&] {
    const auto held = must(here.far_x.read());
    both_guard.arrive_and_wait();
    // In order: waits until the guard on y has ended.
    must(here.far_y.insert(1, 1));
  }};
  auto held = std::optional{must(here.y.read())};
  both_guard.arrive_and_wait();
  const auto begun = clock_type::now();

  const auto refused = here.x.insert(1, 1);

  // Out of order: at once, and both are named.
  CHECK(clock_type::now() - begun < 20s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::guard_timeout);
  CHECK_THAT(refused.error().message(),
             ContainsSubstring("the other") && ContainsSubstring("tried") &&
                 ContainsSubstring("participant 1") &&
                 ContainsSubstring("participant 0"));
  held.reset();
  other.join();
  CHECK(must(here.y.get(1)) == 1);
  CHECK(here.x.insert(1, 1));
}

TEST_CASE("two who guard an object and both want to write it") {
  two_maps here;
  meeting_point both_guard{2};
  const auto upgrade = [&](map& mine) {
    const auto held = must(mine.read());
    both_guard.arrive_and_wait();
    const auto begun = clock_type::now();
    const auto refused = mine.insert(1, 1);
    both_guard.arrive_and_wait();
    return !refused && clock_type::now() - begun < 20s &&
           (refused.error() == write_error::guarded_by_self ||
            refused.error() == write_error::lock_timeout);
  };

  auto other =
      std::async(std::launch::async, [&] { return upgrade(here.far_x); });

  CHECK(upgrade(here.x));
  CHECK(other.get());
  CHECK(here.x.insert(1, 1));
}

TEST_CASE(
    "who guards an object and writes it, beside a writer who waits for "
    "the guard") {
  two_maps here;
  auto held = std::optional{must(here.x.read())};
  std::thread writer{[&] { must(here.far_x.insert(1, 1)); }};
  while (!here.locked(here.x))
    std::this_thread::yield();
  const auto begun = clock_type::now();

  const auto refused = here.x.insert(1, 1);

  CHECK(clock_type::now() - begun < 20s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::guarded_by_self);
  held.reset();
  writer.join();
  CHECK(must(here.x.get(1)) == 1);
}

TEST_CASE(
    "who guards y and then wants a guard on x, which a writer of both "
    "holds") {
  two_maps here;
  auto held = std::optional{must(here.y.read())};
  std::thread writer{[&] {
    // Has x, waits for the guard on y.
    must(transact(here.far_x, here.far_y, [&](transaction&) {
      must(here.far_x.insert(1, 1));
      must(here.far_y.insert(1, 1));
    }));
  }};
  while (!here.locked(here.x) || !here.locked(here.y))
    std::this_thread::yield();
  const auto begun = clock_type::now();

  const auto refused = here.x.read();

  CHECK(clock_type::now() - begun < 20s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == read_error::busy);
  CHECK_THAT(refused.error().message(), ContainsSubstring("the other"));
  held.reset();
  writer.join();
  CHECK(must(here.x.get(1)) == 1);
}

TEST_CASE("who guards an object guards it again beside a writer who waits") {
  two_maps here;
  auto held = std::optional{must(here.x.read())};
  std::thread writer{[&] { must(here.far_x.insert(1, 1)); }};
  while (!here.locked(here.x))
    std::this_thread::yield();

  auto again = std::optional{must(here.x.read())};
  held.reset();
  // The second one holds as well.
  here.y.set_patience(0ms);
  CHECK(here.x.get(1).error() == read_error::absent);
  CHECK(here.locked(here.x));
  again.reset();
  writer.join();

  CHECK(must(here.x.get(1)) == 1);
}

TEST_CASE("who holds y in a transaction and wants to write x, which waits") {
  two_maps here;
  std::promise<void> has_x;
  std::promise<void> has_y;
  std::thread other{[&] {
    must(transact(here.away, [&](transaction&) {
      must(here.far_x.insert_or_assign(1, 1));
      has_x.set_value();
      has_y.get_future().wait();
      must(here.far_y.insert_or_assign(1, 1));
    }));
  }};
  must(transact(here.y, [&](transaction&) {
    has_y.set_value();
    has_x.get_future().wait();
    const auto begun = clock_type::now();
    // Not named: refused, not waited for.
    CHECK_THROWS(must(here.x.insert(2, 2)));
    CHECK(clock_type::now() - begun < 20s);
    // Readers of it are told so at once, being out of order.
    const auto guarded = here.x.read();
    CHECK(clock_type::now() - begun < 20s);
    CHECK((!guarded && guarded.error() == read_error::busy));
  }));
  other.join();

  CHECK(must(here.x.get(1)) == 1);
  CHECK(must(here.y.get(1)) == 1);
}

TEST_CASE("who waits in vain is told who held it and who waited") {
  two_maps here;
  here.x.set_patience(20ms);
  must(transact(here.far_x, [&](transaction&) {
    const auto refused = here.x.insert(1, 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == write_error::lock_timeout);
    CHECK_THAT(refused.error().message(),
               ContainsSubstring("holder: lane") &&
                   ContainsSubstring("waited for by lane") &&
                   ContainsSubstring("participant 1") &&
                   ContainsSubstring("participant 0"));
  }));
  const auto held = must(here.far_x.read());
  const auto refused = here.x.insert(1, 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::guard_timeout);
  CHECK_THAT(refused.error().message(), ContainsSubstring("participant 1") &&
                                            ContainsSubstring("participant 0"));
}
