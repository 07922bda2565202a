#include "rule.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using pulse::rule;

namespace {
constexpr rule::settings how{90, 80, 3};
}

TEST_CASE("an alarm is raised after enough values in a row") {
  rule cpu{how};
  CHECK_FALSE(cpu.update(90));
  CHECK_FALSE(cpu.update(95));
  CHECK(cpu.update(100) == true);
  CHECK_FALSE(cpu.update(100));
  CHECK(cpu.raised());
}

TEST_CASE("a value below the limit begins the count anew") {
  rule cpu{how};
  CHECK_FALSE(cpu.update(95));
  CHECK_FALSE(cpu.update(95));
  CHECK_FALSE(cpu.update(89.9));
  CHECK_FALSE(cpu.update(95));
  CHECK_FALSE(cpu.update(95));
  CHECK(cpu.update(95) == true);
}

TEST_CASE("an alarm stays while the value is between the two limits") {
  rule cpu{{90, 80, 1}};
  CHECK(cpu.update(95) == true);
  for (int i = 0; i < 100; ++i)
    CHECK_FALSE(cpu.update(i % 2 == 0 ? 81 : 95));
  CHECK(cpu.update(79) == false);
  CHECK_FALSE(cpu.raised());
}

TEST_CASE("what is no number changes nothing") {
  rule cpu{{90, 80, 2}};
  CHECK_FALSE(cpu.update(95));
  CHECK_FALSE(cpu.update(std::numeric_limits<double>::quiet_NaN()));
  CHECK_FALSE(cpu.update(std::numeric_limits<double>::infinity()));
  CHECK(cpu.update(95) == true);
}
