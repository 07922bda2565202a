#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

#include <iostream>

namespace commy::test {

void explored(const scenario& s) {
  const auto done = explore(s);
  std::cout << done.row(s.name) << '\n';
  CAPTURE(s.name);
  for (const auto& one : done.first_violations)
    UNSCOPED_INFO(one);
  CHECK(done.violations == 0);
  CHECK(done.rolled_back > 0);
  CHECK(done.rolled_forward > 0);
  CHECK(done.ended_before > 0);
  CHECK(done.ended_after > 0);
}

}  // namespace commy::test
