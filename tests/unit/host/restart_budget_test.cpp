#include <commy/host/restart_budget.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using namespace std::chrono_literals;
using commy::host::restart_budget;

namespace {
const restart_budget::time start{1h};
}

TEST_CASE("a process that ends too often is given up") {
  restart_budget budget{3, 10s, 1};
  CHECK(budget.pause_after(start, start + 1s));
  CHECK(budget.pause_after(start, start + 2s));
  CHECK(budget.pause_after(start, start + 3s));
  CHECK_FALSE(budget.pause_after(start, start + 4s));
}

TEST_CASE("restarts long ago do not count") {
  restart_budget budget{1, 10s, 1};
  CHECK(budget.pause_after(start, start + 1s));
  CHECK(budget.pause_after(start + 1s, start + 12s));
  CHECK_FALSE(budget.pause_after(start + 12s, start + 13s));
}

TEST_CASE("no restarts at all can be asked for") {
  restart_budget budget{0, 10s, 1};
  CHECK_FALSE(budget.pause_after(start, start + 1h));
}

TEST_CASE("pauses double up to five seconds and vary by a quarter") {
  restart_budget budget{1000, 1h, 7};
  auto expected = 50ms;
  for (int i = 0; i < 12; ++i) {
    const auto pause = budget.pause_after(start, start + 1ms);
    REQUIRE(pause);
    CHECK(*pause >= expected * 3 / 4);
    CHECK(*pause <= expected * 5 / 4);
    expected = std::min<std::chrono::milliseconds>(2 * expected, 5s);
  }
}

TEST_CASE("after a long life the pauses begin anew") {
  restart_budget budget{1000, 1h, 7};
  for (int i = 0; i < 8; ++i) {
    static_cast<void>(budget.pause_after(start, start + 1ms));
  }
  const auto pause = budget.pause_after(start, start + 2s);
  REQUIRE(pause);
  CHECK(*pause <= 63ms);
}
