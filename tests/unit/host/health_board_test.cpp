#include <commy/host/health_board.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using namespace std::chrono_literals;
using commy::health_state;

TEST_CASE("a part that breaks its promise to report is late until it does") {
  std::chrono::nanoseconds now = 1h;
  commy::host::health_board board{[&] { return now; }};
  board.expect("gateway", 500ms);
  CHECK(board.all()[0].state == health_state::starting);
  CHECK_FALSE(board.well());
  board.report("gateway", health_state::ready, {});
  CHECK(board.well());
  now += 500ms;
  CHECK(board.well());
  now += 1ns;
  CHECK(board.all()[0].state == health_state::late);
  CHECK(board.all()[0].reason == "it promised to report every 500ms");
  CHECK_FALSE(board.well());
  board.report("gateway", health_state::ready, {});
  CHECK(board.well());
}

TEST_CASE("a part that has failed stays failed, however long ago it said so") {
  std::chrono::nanoseconds now = 1h;
  commy::host::health_board board{[&] { return now; }};
  board.expect("auth", 1s);
  board.report("auth", health_state::failed, "the key file is gone");
  now += 1h;
  CHECK(board.all()[0].state == health_state::failed);
  CHECK(board.all()[0].reason == "the key file is gone");
}

TEST_CASE("a part without a promise is never late") {
  std::chrono::nanoseconds now = 1h;
  commy::host::health_board board{[&] { return now; }};
  board.report("allocator", health_state::ready, {});
  now += 24h;
  CHECK(board.well());
  CHECK(board.all()[0].age == 24h);
}
