// tests/benchmark/actor/source_compile.hpp: what a program costs to compile.
#pragma once

namespace commy::benchmark {

/// CPU seconds that the compiler of this build needs for a file of this folder,
/// with -O2. Throws when it does not compile.
double seconds_to_compile(const char* file);

}  // namespace commy::benchmark
