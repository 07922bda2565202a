// tests/benchmark/ipc/recovery_rows.hpp: how soon others go on after a death.
#pragma once

#include "../report.hpp"

namespace commy::benchmark {

void run_recovery(report& into);

}  // namespace commy::benchmark
