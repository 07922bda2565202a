// tests/benchmark/memory/stress_child.hpp: this program as one of many.
#pragma once

namespace commy::benchmark {

/// Set to a shape's name, it makes the program a child of the stress rows.
inline constexpr const char* stress_child_variable = "COMMY_STRESS_CHILD";
/// Attaches, works once through the shape, detaches. Answers the exit code.
int stress_child(const char* name);

}  // namespace commy::benchmark
