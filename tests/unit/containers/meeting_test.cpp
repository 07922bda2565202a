// transact(segment, body): objects are locked as operations meet them.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <future>
#include <stdexcept>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

using number = shared_box<std::int64_t>;
using clock_type = std::chrono::steady_clock;

/// Two boxes, in the order of their roots, seen through two attachments.
struct two_boxes {
  test_folder folder;
  segment_options options = in_folder(folder);
  segment home = must(segment::create("s", options));
  number first = must(home.create<number>("one", 0));
  number second = must(home.create<number>("two", 0));
  segment away = [this] {
    auto others = options;
    others.participant = "the other";
    return must(segment::open("s", others));
  }();
  number far_first = must(away.open<number>("one"));
  number far_second = must(away.open<number>("two"));

  two_boxes() {
    if (first.place().root > second.place().root) {
      std::swap(first, second);
      std::swap(far_first, far_second);
    }
  }
  [[nodiscard]] bool somebody_waits_for(const number& box) const {
    const auto& img = home.engine()->img();
    for (memory::lane_index i = 0; i < img.lane_count(); ++i) {
      if (img.lane(i)->waiting_for.load() == box.place().root) return true;
    }
    return false;
  }
};

constexpr auto add_one = [](std::int64_t& n) { ++n; };

}  // namespace

TEST_CASE("a transaction on a segment joins whatever its operations meet") {
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder));
  must(w.list.append(std::vector<sample>{{1, 1}}));
  must(w.index.insert("a"));

  must(transact(w.home, [&](transaction&) {
    must(w.texts.insert(1, "one"));
    must(w.queue.push_back({2, 2}));
    CHECK(must(w.texts.get(1)) == "one");
    CHECK(must(w.queue.back()) == sample{2, 2});
    must(w.list.swap(w.other_list));
    CHECK(must(w.other_list.size()) == 1);
    must(w.index.unite(std::as_const(w.index)));
    int seen = 0;
    for (const auto& entry : must(w.texts.read()))
      seen += entry.first;
    CHECK(seen == 1);
  }));

  CHECK(must(w.texts.get(1)) == "one");
  CHECK(must(w.queue.size()) == 1);
  CHECK(must(w.list.size()) == 0);
  const auto before = must(read_world(w.home.engine(), w.where()));
  CHECK_THROWS_AS(transact(w.home,
                           [&](transaction&) {
                             must(w.texts.erase(1));
                             must(w.ordered.insert(1, "x"));
                             must(w.queue.clear());
                             throw std::runtime_error{"no"};
                           }),
                  std::runtime_error);
  CHECK(must(read_world(w.home.engine(), w.where())) == before);
  w.set_patience(0ms);
  CHECK(w.ordered.insert(2, "free again"));
}

TEST_CASE("a lock that cannot be had out of order is waited for in order") {
  two_boxes here;
  std::promise<void> locked;
  std::thread holder{[&] {
    must(transact(here.far_first, [&](transaction&) {
      locked.set_value();
      must(here.far_first.update(add_one));
      // Let go once the other waits for it, in its second run.
      while (!here.somebody_waits_for(here.first))
        std::this_thread::yield();
    }));
  }};
  locked.get_future().wait();
  int runs = 0;

  const auto done = transact(here.home, [&](transaction&) {
    ++runs;
    must(here.second.update(add_one));
    must(here.first.update(add_one));
    return must(here.first.get());
  });
  holder.join();

  CHECK(must(done) == 2);
  CHECK(runs == 2);
  CHECK(must(here.second.get()) == 1);
}

TEST_CASE("a body that swallows what ends its run is run again all the same") {
  two_boxes here;
  std::promise<void> locked;
  std::thread holder{[&] {
    must(transact(here.far_first, [&](transaction&) {
      locked.set_value();
      while (!here.somebody_waits_for(here.first))
        std::this_thread::yield();
    }));
  }};
  locked.get_future().wait();
  int runs = 0;

  must(transact(here.home, [&](transaction&) {
    ++runs;
    must(here.second.update(add_one));
    try {
      must(here.first.update(add_one));
    } catch (...) {
      if (runs > 1) throw;
    }
  }));
  holder.join();

  CHECK(runs == 2);
  CHECK(must(here.first.get()) == 1);
  CHECK(must(here.second.get()) == 1);
}

TEST_CASE("two who lock the same two objects in opposite order both get on") {
  two_boxes here;
  constexpr int rounds = 300;
  std::atomic<int> runs{0};
  const auto begun = clock_type::now();
  std::thread forward{[&] {
    for (int i = 0; i < rounds; ++i) {
      must(transact(here.home, [&](transaction&) {
        ++runs;
        must(here.first.update(add_one));
        std::this_thread::yield();
        must(here.second.update(add_one));
      }));
    }
  }};
  std::thread backward{[&] {
    for (int i = 0; i < rounds; ++i) {
      must(transact(here.away, [&](transaction&) {
        ++runs;
        must(here.far_second.update(add_one));
        std::this_thread::yield();
        must(here.far_first.update(add_one));
      }));
    }
  }};
  forward.join();
  backward.join();

  CHECK(must(here.first.get()) == 2 * rounds);
  CHECK(must(here.second.get()) == 2 * rounds);
  CHECK(runs >= 2 * rounds);
  // Far below the patience of 60 s of a single wait.
  CHECK(clock_type::now() - begun < 50s);
}

TEST_CASE("what such a transaction has read stays so until its end") {
  two_boxes here;
  here.far_first.set_patience(20ms);

  must(transact(here.home, [&](transaction&) {
    const auto seen = must(here.first.get());
    CHECK(here.far_first.set(7).error() == write_error::lock_timeout);
    must(here.second.set(seen + 1));
  }));

  CHECK(must(here.second.get()) == 1);
  CHECK(here.far_first.set(7));
}

TEST_CASE("such a transaction ends at its deadline and names both sides") {
  two_boxes here;
  must(transact(here.far_first, [&](transaction&) {
    for (const bool in_order : {true, false}) {
      const auto begun = clock_type::now();
      const auto refused = transact(within(30ms), here.home, [&](transaction&) {
        if (!in_order) must(here.second.update(add_one));
        must(here.first.update(add_one));
      });
      CHECK(clock_type::now() - begun >= 30ms);
      CHECK(clock_type::now() - begun < 20s);
      REQUIRE_FALSE(refused);
      CHECK(refused.error() == write_error::lock_timeout);
      CHECK_THAT(refused.error().message(),
                 ContainsSubstring("participant 1") &&
                     ContainsSubstring("the other") &&
                     ContainsSubstring("participant 0"));
    }
  }));
  CHECK(must(here.first.get()) == 0);
  CHECK(must(here.second.get()) == 0);
}

TEST_CASE(
    "a transaction meets 128 objects, and is told the limit by the next") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  std::vector<number> boxes;
  for (int i = 0; i < 129; ++i)
    boxes.push_back(must(home.create<number>("box" + std::to_string(i), 0)));
  const auto add_to = [&](std::size_t count) {
    return transact(home, [&](transaction&) {
      for (std::size_t i = 0; i < count; ++i)
        must(boxes[i].update(add_one));
    });
  };

  must(add_to(128));
  const auto refused = add_to(129);

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::too_many_objects);
  CHECK_THAT(refused.error().message(), ContainsSubstring("128"));
  CHECK(must(boxes[0].get()) == 1);
  CHECK(must(boxes[127].get()) == 1);
  CHECK(trace_blocks(home.engine()->img()).text() == "");
}

TEST_CASE("objects are neither made nor removed inside, nor is it nested") {
  two_boxes here;
  must(transact(here.home, [&](transaction&) {
    must(here.first.update(add_one));
    CHECK_FALSE(here.home.remove_object("two"));
    CHECK(transact(here.home, [](transaction&) {}).error() ==
          write_error::not_in_transaction);
  }));
  CHECK(must(here.first.get()) == 1);

  const auto refused = transact(here.home, [&](transaction&) {
    must(here.first.update(add_one));
    must(here.home.create<number>("three", 0));
  });

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::not_in_transaction);
  CHECK(must(here.first.get()) == 1);
  CHECK(must(here.home.objects()).size() == 2);
}
