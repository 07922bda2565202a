// tests/benchmark/ipc/delivery_rows.hpp: messages of other processes to actors.
#pragma once

#include "../report.hpp"

namespace commy::benchmark {

void run_delivery(report& into);

}  // namespace commy::benchmark
