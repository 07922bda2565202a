// tests/benchmark/ipc/ask_rows.hpp: questions to actors of other processes.
#pragma once

#include "../report.hpp"

namespace commy::benchmark {

void run_asks(report& into);

}  // namespace commy::benchmark
