#include "pulse/runner/probe.hpp"

#include <string>

namespace pulse {
namespace {

using clock = std::chrono::steady_clock;
using commy::unexpected;
using commy::write_error;
using std::chrono::nanoseconds;

// Four of these make 10 ms or so: 1 % of one CPU at a burst each second.
constexpr std::chrono::microseconds burst{4000};
constexpr int timed_at_once = 1000;

/// Repeats `operation`, which answers whether it went well.
template <class Operation>
bool measure_one(operation_cost& cost, Operation&& operation) {
  const auto begin = clock::now();
  auto end = begin;
  std::uint64_t count = 0;
  for (; end - begin < burst; end = clock::now()) {
    // So many that the clock is a small part of the time.
    for (int i = 0; i < 64; ++i) {
      if (!operation()) return false;
    }
    count += 64;
  }
  cost.count += count;
  cost.took += end - begin;
  for (int i = 0; i < timed_at_once; ++i) {
    const auto before = clock::now();
    if (!operation()) return false;
    const nanoseconds took = clock::now() - before;
    cost.each.add(static_cast<std::uint64_t>(took.count()));
  }
  return true;
}

}  // namespace

double operation_cost::per_second() const noexcept {
  const auto seconds = std::chrono::duration<double>{took}.count();
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

commy::result<probe, commy::open_error> probe::open(commy::segment& in) {
  auto now = in.open<now_map>(now_name);
  if (!now) return unexpected{now.error()};
  auto counter = in.open_or_create<counter_box>(object_name);
  if (!counter) return unexpected{counter.error()};
  return probe{std::move(*counter), std::move(*now)};
}

commy::result<void, write_error> probe::measure() {
  commy::result<void, write_error> set;
  if (!measure_one(transactions_, [&] {
        set = counter_.set(++value_);
        return set.has_value();
      })) {
    return set;
  }
  std::string why;
  if (!measure_one(reads_, [&] {
        const auto read = now_.get("cpu.total");
        if (!read) why = read.error().message();
        return read.has_value();
      })) {
    return unexpected{write_error::damaged, why};
  }
  return {};
}

}  // namespace pulse
