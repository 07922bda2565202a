// Waiting for a topic: threads that sleep in their lane, and event loops.
#include "topics.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>
#include <support/readable.hpp>
#include <thread>

namespace commy::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// Nobody looks by himself in these tests: a lost wake would end at the
/// deadline.
constexpr subscribe_options asleep{.longest_nap = 1h,
                                   .how = message::waiting::sleep};

/// True as soon as subscriber 0 sleeps.
void await_sleeper(const segment& shared) {
  const auto deadline = clock::now() + 60s;
  bool sleeps = false;
  while (!sleeps) {
    REQUIRE(clock::now() < deadline);
    memory::for_each_topic(shared.engine()->img(),
                           [&](memory::offset, const auto& topic) {
                             sleeps = topic.header->sleeping.load() != 0;
                             return true;
                           });
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("a subscriber that waits is woken by each message") {
  market at;
  auto reader = at.prices.subscribe(asleep).value();
  std::atomic<std::uint64_t> seen{0};
  std::thread sleeper{[&] {
    while (seen < 1000) {
      if (!reader.wait(clock::now() + 60s)) return;
      while (const auto next = reader.try_take())
        seen = next->number;
    }
  }};
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    at.publish(i);
    const auto deadline = clock::now() + 60s;
    while (seen < i && clock::now() < deadline)
      std::this_thread::yield();
    if (seen < i) break;
  }
  sleeper.join();
  CHECK(seen == 1000);
}

TEST_CASE("a wait ends at its deadline, by an interrupt, or at once") {
  market at;
  auto reader = at.prices.subscribe(asleep).value();
  CHECK(!reader.wait(clock::now() + 1ms));
  reader.interrupt();
  CHECK(!reader.wait(clock::now() + 60s));
  bool found = true;
  std::thread sleeper{[&] { found = reader.wait(clock::now() + 60s); }};
  await_sleeper(at.shared);
  reader.interrupt();
  sleeper.join();
  CHECK(!found);
  at.publish(1);
  CHECK(reader.wait(clock::now() + 60s));
}

TEST_CASE("a publisher that waits for room goes on when a message is read") {
  market at{{.depth = 2, .slow = slow_reader::hold_publisher}};
  auto reader = at.prices.subscribe(asleep).value();
  at.publish(1, 2);
  auto late = at.made(at.shared, 3);
  CHECK(at.prices.publish(std::move(late), clock::now() + 1ms).error() ==
        publish_error::topic_full);
  REQUIRE(late);
  std::atomic<bool> done{false};
  std::thread publisher{[&, to = at.prices]() mutable {
    to.publish(std::move(late), clock::now() + 60s).value();
    done = true;
  }};
  CHECK(reader.try_take()->number == 1);
  publisher.join();
  CHECK(done);
  CHECK(take_all(reader) == numbers{2, 3});
}

TEST_CASE("who reads on wakes publishers that say that they wait") {
  market at{{.depth = 2, .slow = slow_reader::hold_publisher}};
  auto reader = at.prices.subscribe().value();
  at.publish(1, 2);
  const auto other = at.join();
  auto& lane = *other.engine()->my_lane().record;
  memory::for_each_topic(at.shared.engine()->img(),
                         [&](memory::offset place, const auto& topic) {
                           lane.waiting_for = place;
                           topic.header->held_up = 1;
                           return true;
                         });
  const auto before = lane.park.load();
  CHECK(reader.try_take());
  CHECK(lane.park.load() != before);
  const auto after = lane.park.load();
  CHECK(reader.try_take());
  CHECK(lane.park.load() == after);
  lane.waiting_for = 0;
}

TEST_CASE("a subscriber's end lets a publisher go on that waits for it") {
  market at{{.depth = 2, .slow = slow_reader::hold_publisher}};
  auto reader =
      std::make_unique<subscription<tick>>(at.prices.subscribe().value());
  at.publish(1, 2);
  std::thread publisher{[&at, to = at.prices]() mutable {
    to.publish(at.made(at.shared, 3), clock::now() + 60s).value();
  }};
  reader.reset();
  publisher.join();
  CHECK(at.prices.statistics().published == 3);
}

TEST_CASE("the removal of a topic ends the wait of its subscribers") {
  market at;
  auto reader = at.prices.subscribe({.longest_nap = 1ms}).value();
  std::thread sleeper{[&] {
    while (reader.is_open())
      static_cast<void>(reader.wait(clock::now() + 60s));
  }};
  await_sleeper(at.shared);
  at.shared.remove_object("prices").value();
  sleeper.join();
  CHECK(!reader.wait(clock::now() + 60s));
}

TEST_CASE("an event loop sees a subscription as readable until it is empty") {
  market at;
  auto reader = at.prices.subscribe(asleep).value();
  const auto event = reader.wake_fd();
  CHECK(reader.wake_fd() == event);
  CHECK(!is_readable(event, 0));
  for (std::uint64_t round = 0; round < 200; ++round) {
    at.publish(2 * round + 1);
    at.publish(2 * round + 2);
    REQUIRE(is_readable(event, 60'000));
    CHECK(reader.try_take()->number == 2 * round + 1);
    // Level triggered: still there.
    REQUIRE(is_readable(event, 0));
    CHECK(reader.try_take()->number == 2 * round + 2);
    CHECK(!reader.try_take());
    CHECK(!is_readable(event, 0));
  }
  // The reading thread may wait as before.
  CHECK(!reader.wait(clock::now() + 1ms));
  reader.interrupt();
  CHECK(!reader.wait(clock::now() + 60s));
  std::thread publisher{[&at] { at.publish(1000); }};
  CHECK(reader.wait(clock::now() + 60s));
  publisher.join();
  CHECK(take_all(reader) == numbers{1000});
}

TEST_CASE("an event loop does not wait for ever where somebody has scribbled") {
  market at;
  auto reader = at.prices.subscribe({.longest_nap = 1ms}).value();
  const auto event = reader.wake_fd();
  // So far ahead that it looks as if it were behind.
  memory::for_each_topic(
      at.shared.engine()->img(), [](memory::offset, const auto& topic) {
        for (std::uint32_t i = 0; i < topic.depth; ++i) {
          topic.cells[i].word =
              memory::cell_word::make(memory::cell_state::free, 0,
                                      (std::uint64_t{1} << 47U) + 5)
                  .raw;
        }
        return true;
      });
  REQUIRE(is_readable(event, 60'000));
  CHECK(!reader.try_take());
  at.publish(7);
  REQUIRE(is_readable(event, 60'000));
  CHECK(take_all(reader) == numbers{7});
}

TEST_CASE("a watched subscription that ends leaves no thread behind") {
  market at;
  for (int i = 0; i < 50; ++i) {
    auto reader = at.prices.subscribe(asleep).value();
    static_cast<void>(reader.wake_fd());
    if (i % 2 == 0) at.publish(1);
  }
  CHECK(at.prices.statistics().subscribers.empty());
}

}  // namespace commy::test
