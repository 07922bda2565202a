// tests/crash/explored.hpp: a scenario that must hold, as one line of a test.
#pragma once

#include "explorer.hpp"

#include <string>
#include <utility>

namespace commy::test {

/// Explores `s`, prints its row, and checks that nothing was violated.
exploration explored_soundly(const scenario& s);
/// And that a sweep undid the operation when its victim died early, and
/// completed it when late.
void explored(const scenario& s);
/// And that nothing of it is ever completed.
void explored_undone(const scenario& s);

template <class Prepare, class Operate>
void explored(std::string name, Prepare prepare, Operate operate) {
  explored(make_scenario(std::move(name), prepare, operate));
}

}  // namespace commy::test
