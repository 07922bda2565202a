// commy/memory/retry.hpp: another try at what failed because others were busy.
#pragma once

#include <commy/base/result.hpp>
#include <commy/platform/liveness.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

namespace commy {

/// How often and with which pauses `retry` tries.
struct retry_limits {
  int attempts = 6;  // At least one.
  std::chrono::nanoseconds first_pause = std::chrono::milliseconds{1};
  // Pauses double up to this; each is between half and all of its length, by
  // chance, so that two who met do not meet again.
  std::chrono::nanoseconds longest_pause = std::chrono::milliseconds{64};
};

/// Calls `operation()`, which returns a `result`, until it succeeds, fails for
/// a reason that does not pass (see `is_transient`), or has been called
/// `limits.attempts` times; returns the last answer. Exceptions pass through.
///
///     retry({.attempts = 3}, [&] {
///       return transact(within(5ms), a, b, [&](transaction&) { ... });
///     });
///
/// What it adds to a deadline: between two tries this thread holds and guards
/// nothing, so it is the answer to what was only tried because waiting could
/// have been a deadlock; and `operation` looks anew. With all defaults the
/// pauses add up to 63 ms at most. Not inside a transaction, whose locks it
/// would keep.
template <class Operation>
auto retry(const retry_limits& limits, Operation&& operation)
    -> std::invoke_result_t<Operation&> {
  auto pause = limits.first_pause;
  for (int attempt = 1;; ++attempt) {
    auto outcome = operation();
    if (outcome || !is_transient(outcome.error().code()) ||
        attempt >= limits.attempts) {
      return outcome;
    }
    if (pause > pause.zero()) {
      const auto half = pause.count() / 2 + 1;
      std::this_thread::sleep_for(std::chrono::nanoseconds{
          half + static_cast<std::int64_t>(platform::random_u64() %
                                           static_cast<std::uint64_t>(half))});
      pause = std::min(2 * pause, limits.longest_pause);
    }
  }
}
template <class Operation>
auto retry(Operation&& operation) {
  return retry(retry_limits{}, std::forward<Operation>(operation));
}

}  // namespace commy
