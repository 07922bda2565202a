#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

#include <iostream>

namespace commy::test {

exploration explored_soundly(const scenario& s) {
  auto done = explore(s);
  std::cout << done.row(s.name) << '\n';
  CAPTURE(s.name);
  for (const auto& one : done.first_violations)
    UNSCOPED_INFO(one);
  CHECK(done.violations == 0);
  CHECK(done.states > 0);
  return done;
}

void explored(const scenario& s) {
  const auto done = explored_soundly(s);
  CAPTURE(s.name);
  CHECK(done.rolled_back > 0);
  CHECK(done.rolled_forward > 0);
  CHECK(done.ended_before > 0);
  CHECK(done.ended_after > 0);
}

void explored_undone(const scenario& s) {
  const auto done = explored_soundly(s);
  CAPTURE(s.name);
  CHECK(done.rolled_back > 0);
  CHECK(done.ended_before == done.states);
}

}  // namespace commy::test
