#include <commy/actor/cell.hpp>
#include <commy/actor/run_queue.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using commy::actors::cell;
using commy::actors::run_queue;

TEST_CASE("a run queue is first in, first out, and bounded") {
  const auto cells = std::make_unique<cell[]>(run_queue::capacity + 1);
  const auto queue = std::make_unique<run_queue>();
  for (std::size_t i = 0; i < run_queue::capacity; ++i) {
    REQUIRE(queue->try_push(cells[i]));
  }

  CHECK_FALSE(queue->try_push(cells[run_queue::capacity]));
  CHECK(queue->size() == run_queue::capacity);
  for (std::size_t i = 0; i < run_queue::capacity; ++i) {
    CHECK(queue->try_pop() == &cells[i]);
  }
  CHECK(queue->try_pop() == nullptr);
}

TEST_CASE("a thief takes the older half") {
  const auto cells = std::make_unique<cell[]>(5);
  const auto queue = std::make_unique<run_queue>();
  const auto thief = std::make_unique<run_queue>();
  for (std::size_t i = 0; i < 5; ++i)
    REQUIRE(queue->try_push(cells[i]));

  CHECK(queue->steal_into(*thief) == &cells[2]);

  CHECK(thief->try_pop() == &cells[0]);
  CHECK(thief->try_pop() == &cells[1]);
  CHECK(thief->try_pop() == nullptr);
  CHECK(queue->try_pop() == &cells[3]);
  CHECK(queue->steal_into(*thief) == &cells[4]);
  CHECK(queue->steal_into(*thief) == nullptr);
}

TEST_CASE("every actor leaves a run queue exactly once, whoever steals") {
  constexpr std::size_t count = 64;
  constexpr int rounds = 2000;
  const auto cells = std::make_unique<cell[]>(count);
  std::vector<std::atomic<int>> taken(count);
  const auto queue = std::make_unique<run_queue>();
  std::atomic<bool> over{false};
  const auto take = [&](cell& c) {
    ++taken[static_cast<std::size_t>(&c - cells.get())];
  };
  std::vector<std::thread> thieves;
  thieves.reserve(2);
  for (int t = 0; t < 2; ++t) {
    thieves.emplace_back([&] {
      const auto mine = std::make_unique<run_queue>();
      while (!over.load()) {
        auto* c = queue->steal_into(*mine);
        for (; c != nullptr; c = mine->try_pop())
          take(*c);
      }
    });
  }

  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < count; ++i) {
      while (!queue->try_push(cells[i]))
        std::this_thread::yield();
      if (i % 3 == 0) {
        if (auto* const c = queue->try_pop()) take(*c);
      }
    }
    while (auto* const c = queue->try_pop())
      take(*c);
  }
  over = true;
  for (auto& t : thieves)
    t.join();

  for (const auto& t : taken)
    CHECK(t == rounds);
}
