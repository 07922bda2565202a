#include <commy/platform/boot_clock.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace commy::platform;

TEST_CASE("the boot clock goes on and never back") {
  const auto first = boot_clock_ns();
  auto now = first;
  while (now == first) {
    const auto next = boot_clock_ns();
    if (next < now) FAIL("it went back");
    now = next;
  }
  CHECK(now > first);
}
