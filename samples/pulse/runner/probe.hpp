// samples/pulse/runner/probe.hpp: what shared memory costs here and now.
#pragma once

#include "pulse/objects.hpp"
#include "pulse/runner/latency.hpp"
#include <commy/memory/segment.hpp>

#include <chrono>
#include <cstdint>

namespace pulse {

/// How fast one thread was, and how long single operations took.
struct operation_cost {
  std::uint64_t count = 0;  // Of those whose rate was measured.
  std::chrono::nanoseconds took{0};
  /// Of others, each timed by itself. That includes the time it takes to read
  /// the clock, some 30 ns; to subtract it would hide what runs beside it.
  latency each;

  [[nodiscard]] double per_second() const noexcept;
};

/// Measures small transactions, on an object of its own, and point reads, on
/// the map that the sampler writes, in short bursts: the machine shall have its
/// time for itself. Threads: one at a time.
class probe {
public:
  static constexpr const char* object_name = "probe";

  /// Opens or creates the object. The sampler's must exist.
  static commy::result<probe, commy::open_error> open(commy::segment& in);

  /// One burst of each, some 10 ms. Fails when an operation does.
  commy::result<void, commy::write_error> measure();

  [[nodiscard]] const operation_cost& transactions() const noexcept {
    return transactions_;
  }
  [[nodiscard]] const operation_cost& reads() const noexcept { return reads_; }

private:
  // Counts the transactions made; nobody else writes it.
  using counter_box = commy::shared_box<std::uint64_t>;

  probe(counter_box counter, now_map now) noexcept
      : counter_{std::move(counter)}, now_{std::move(now)} {}

  counter_box counter_;
  now_map now_;
  std::uint64_t value_ = 0;
  operation_cost transactions_;
  operation_cost reads_;
};

}  // namespace pulse
