// tests/benchmark/ipc/fan_out.hpp: one payload that several processes read.
#pragma once

#include "other_process.hpp"
#include "trips.hpp"

#include <atomic>
#include <deque>
#include <thread>

namespace commy::benchmark {

/// A payload of so many bytes goes to so many receivers, so often. They share
/// the second core: so their times add up, whatever the machine, and a seventh
/// of seven receivers' time is what one of them costs.
struct fan {
  std::size_t bytes = 1U << 20U;
  unsigned receivers = 7;
  std::uint64_t rounds = 1'500;
};

/// In ns.
struct fan_times {
  percentiles publish;  // Until the publisher goes on.
  percentiles read;     // Until the last receiver has read all of it.
};

/// Shared by the publisher and its receivers.
struct receipts {
  alignas(64) std::atomic<std::uint64_t> ready{0};  // Receivers.
  alignas(64) std::atomic<std::uint64_t> read{0};   // Payloads, by each.
};

/// Measures on the first core; `receive(receipts&)` runs in each of the other
/// processes, counts itself `ready`, and each payload that it has read.
/// `publisher()` makes who publishes: `write(i)` is not timed, `publish()` is.
template <class Receive, class MakePublisher>
std::optional<fan_times> time_fan(const fan& f, Receive&& receive,
                                  MakePublisher&& publisher) {
  return on_first_core([&] {
    using clock = std::chrono::steady_clock;
    using ns = std::chrono::duration<double, std::nano>;
    const shared_object<receipts> seen;
    std::deque<other_process> others;
    for (unsigned r = 0; r < f.receivers; ++r)
      others.emplace_back([&] { receive(*seen); });
    auto from = publisher();
    const auto until = [](const std::atomic<std::uint64_t>& count,
                          std::uint64_t all) {
      // Receivers begin on this core, and a peer's publisher has threads here.
      while (count.load(std::memory_order_acquire) < all)
        std::this_thread::yield();
    };
    until(seen->ready, f.receivers);
    std::vector<double> publish;
    std::vector<double> read;
    for (std::uint64_t i = 0; i < f.rounds; ++i) {
      from.write(i);
      const auto begin = clock::now();
      from.publish();
      const auto gone = clock::now();
      until(seen->read, (i + 1) * f.receivers);
      const auto end = clock::now();
      if (i < f.rounds / 10) continue;
      publish.push_back(ns{gone - begin}.count());
      read.push_back(ns{end - begin}.count());
    }
    return fan_times{of(publish), of(read)};
  });
}

/// Peers; nothing when one does not work here.
using fan_out = std::optional<fan_times> (*)(const fan&);
[[nodiscard]] std::optional<fan_times> iceoryx_fan(const fan& f);
[[nodiscard]] std::optional<fan_times> zeromq_fan(const fan& f);

}  // namespace commy::benchmark
