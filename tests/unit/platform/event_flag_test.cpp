#include "child.hpp"
#include <commy/platform/event_flag.hpp>

#include <catch2/catch_test_macros.hpp>

#include <thread>

using namespace commy::platform;
using namespace std::chrono_literals;

TEST_CASE("an event flag stays set until it is cleared") {
  event_flag flag;
  CHECK_FALSE(flag.wait_for(0ns));
  flag.set();
  flag.set();
  CHECK(flag.wait_for(0ns));
  CHECK(flag.wait_for(patience));
  flag.clear();
  CHECK_FALSE(flag.wait_for(0ns));
  flag.clear();
  CHECK_FALSE(flag.wait_for(-1s));
}

TEST_CASE("waiting for an event flag ends at its deadline, not before") {
  event_flag flag;
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(flag.wait_for(20ms));
  CHECK(std::chrono::steady_clock::now() - start >= 20ms);
}

TEST_CASE("a flag that another thread sets ends a wait without end") {
  event_flag flag;
  std::thread other{[&] { flag.set(); }};
  CHECK(flag.wait_for(std::chrono::nanoseconds::max()));
  other.join();
}
