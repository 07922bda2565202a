// tests/benchmark/ipc/delivery_rows.hpp: messages of other processes to actors.
#pragma once

#include "../report.hpp"
#include "trips.hpp"
#include <commy/message/reader_wait.hpp>

namespace commy::benchmark {

/// Messages to an actor, which sends each back to a plain reader; the worker
/// that runs the actor and the reader wait in this way.
[[nodiscard]] std::optional<percentiles> actor_trips(std::uint64_t rounds,
                                                     message::waiting how);

void run_delivery(report& into);

}  // namespace commy::benchmark
