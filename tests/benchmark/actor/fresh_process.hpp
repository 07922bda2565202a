// tests/benchmark/actor/fresh_process.hpp: work without a history.
#pragma once

#include "work.hpp"

namespace commy::benchmark {

/// Repeats `what` once in a child, so that neither what ran before, nor what it
/// leaves behind (threads, memory that was given back), changes a figure.
/// Throws when the child dies, or takes longer than two minutes. Requires: no
/// other thread in this process.
samples in_fresh_process(const work& what);

}  // namespace commy::benchmark
