// tests/benchmark/ipc/fan_out_rows.hpp: topics between processes.
#pragma once

#include "../report.hpp"

namespace commy::benchmark {

void run_fan_out(report& into);

}  // namespace commy::benchmark
