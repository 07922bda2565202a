// A topic's name goes; those who have it learn so, and its bytes serve again.
#include "topics.hpp"

#include <catch2/catch_test_macros.hpp>

#include <thread>

namespace commy::test {

TEST_CASE("after its removal a topic refuses and gives, and samples stay") {
  market at;
  auto reader = at.prices.subscribe().value();
  at.publish(1, 3);
  const auto held = reader.try_take();
  REQUIRE(at.shared.remove_object("prices"));
  auto message = at.made(at.shared, 4);
  CHECK(at.prices.publish(std::move(message)).error() ==
        publish_error::removed);
  CHECK(message);
  CHECK(!reader.is_open());
  CHECK(!reader.try_take());
  CHECK(at.prices.subscribe().error() == subscribe_error::removed);
  CHECK(held->number == 1);
  CHECK(at.count() == loan_count{1, 0, 0, 1});
  CHECK(fsck(at.shared.engine()->img()).text() == "");
}

TEST_CASE("a removed topic's bytes serve the next one of its depth") {
  market at;
  const auto before = at.shared.statistics().live_bytes;
  for (std::uint64_t round = 0; round < 20; ++round) {
    auto reader = at.prices.subscribe().value();
    auto stale = at.prices;
    at.publish(1, round);
    REQUIRE(at.shared.remove_object("prices"));
    at.prices =
        shared_topic<tick>::open_or_create(at.shared, "prices", at.how).value();
    auto fresh = at.prices.subscribe().value();
    CHECK(at.prices.statistics().published == 0);
    CHECK(at.prices.statistics().subscribers.size() == 1);
    at.publish(7);
    CHECK(stale.publish(at.made(at.shared, 9)).error() ==
          publish_error::removed);
    CHECK(!reader.try_take());
    CHECK(take_all(fresh) == numbers{7});
    CHECK(at.count() == loan_count{0, 0, 0, 1});
  }
  CHECK(at.shared.statistics().live_bytes <= before + 1024);
  CHECK(fsck(at.shared.engine()->img()).text() == "");
}

TEST_CASE("a subscriber of a removed topic holds no publisher of the next up") {
  market at{{.depth = 2, .slow = slow_reader::hold_publisher}};
  auto old = at.prices.subscribe().value();
  at.publish(1, 2);
  REQUIRE(at.shared.remove_object("prices"));
  at.prices =
      shared_topic<tick>::open_or_create(at.shared, "prices", at.how).value();
  at.publish(3, 20);
  CHECK(at.count().in_topic == 2);
}

TEST_CASE("topics come and go while others publish and read") {
  memory::geometry sizes;
  sizes.capacity = 64U << 20U;
  market at{{.depth = 8}, sizes};
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds{60};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> wrong{0};
  std::vector<std::thread> others;
  for (std::uint64_t p = 0; p < 2; ++p) {
    others.emplace_back([&, p] {
      const auto mine = at.join();
      for (std::uint64_t i = 1; !stop;) {
        auto to = shared_topic<tick>::open(mine, "prices");
        if (!to) continue;
        while (!stop && to->publish(at.made(mine, i, p)))
          ++i;
      }
    });
    others.emplace_back([&] {
      const auto mine = at.join();
      while (!stop) {
        auto from = shared_topic<tick>::open(mine, "prices");
        if (!from) continue;
        auto reader = from->subscribe();
        while (reader && reader->is_open() && !stop) {
          if (const auto next = reader->try_take(); next && !is_sound(*next)) {
            ++wrong;
          }
        }
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    // Another publisher may have been stopped in the middle of a message.
    for (std::uint64_t i = 1; i <= 20; ++i) {
      if (!at.prices.publish(at.made(at.shared, i), deadline)) ++wrong;
    }
    if (!at.shared.remove_object("prices")) ++wrong;
    auto next = shared_topic<tick>::open_or_create(at.shared, "prices", at.how);
    if (next)
      at.prices = std::move(*next);
    else
      ++wrong;
  }
  stop = true;
  for (auto& t : others)
    t.join();
  CHECK(wrong == 0);
  at.shared.remove_object("prices").value();
  CHECK(at.count() == loan_count{});
  CHECK(fsck(at.shared.engine()->img()).text() == "");
}

}  // namespace commy::test
