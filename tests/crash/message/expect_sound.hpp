// tests/crash/message/expect_sound.hpp: what every exploration must have found.
#pragma once

#include "segment_watch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <iostream>
#include <string>

namespace commy::test {

/// Prints the row of a scenario and fails the test for each violation.
template <class Exploration>
void expect_sound(const Exploration& found, const std::string& name) {
  std::cout << found.row(name) << '\n';
  for (const auto& v : found.first_violations)
    FAIL_CHECK(name << ": " << v);
  CHECK(found.violations == 0);
  CHECK(found.states > 1);
}

}  // namespace commy::test
