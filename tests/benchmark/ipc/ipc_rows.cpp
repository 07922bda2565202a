// Question: how long is a payload on its way to another process and back, and
// how many small messages a second go one way, beside what else there is?
// Method: two processes on two cores, or several senders on the second one;
// payloads are written at one end and read at the other. Ours and a peer's in
// turn, so that a machine whose speed wanders treats both alike. Where
// receivers can spin they do, because waking an idle core costs 20 to 30 us
// whatever the transport, which would hide what is measured; the rows _sleep
// and _adaptive are about just that.
#include "../report.hpp"
#include "ask_rows.hpp"
#include "delivery_rows.hpp"
#include "fan_out_rows.hpp"
#include "our_ends.hpp"
#include "recovery_rows.hpp"

#include <algorithm>
#include <vector>

namespace commy::benchmark {
namespace {

using message::waiting;

#ifndef COMMY_BENCHMARK_ICEORYX
constexpr const char* no_iceoryx = "iceoryx 2, polled";
#endif
#ifndef COMMY_BENCHMARK_ZEROMQ
constexpr const char* no_zeromq = "ZeroMQ, ipc";
#endif

/// All but the limits; those that are missing are told of.
std::vector<transport> peers(report& into, const char* row) {
  std::vector<transport> all{interprocess_queue(), pipes(), unix_sockets()};
  const auto missing = [&](const char* name) {
    into.not_available("ipc", row, name,
                       "was not installed when the benchmarks were built; see "
                       "setup/install-packages --for benchmark");
  };
#ifdef COMMY_BENCHMARK_ICEORYX
  all.push_back(iceoryx());
#else
  missing(no_iceoryx);
#endif
#ifdef COMMY_BENCHMARK_ZEROMQ
  all.push_back(zeromq());
#else
  missing(no_zeromq);
#endif
  static_cast<void>(missing);
  return all;
}

void add_trips(report& into, const char* name, trip t, waiting how,
               const std::vector<transport>& others) {
  for (const auto& peer : others) {
    const auto mine = our_trips(t, how);
    if (!mine) {
      into.not_available(
          "ipc", name, "",
          "no loan of " + std::to_string(t.bytes) + " bytes is to be had");
      return;
    }
    // Those that sleep take some 50 us.
    const auto theirs = peer.trips(
        peer.name == bare_flag().name ? t : trip{t.bytes, t.rounds / 5});
    if (!theirs) {
      into.not_available("ipc", name, peer.name, "it did not work here");
      continue;
    }
    into.add({"ipc", name, "ns", mine->p50, mine->p99, peer.name, theirs->p50,
              better::less, mine->p999, theirs->p99});
  }
}

void add_rates(report& into, const char* name, unsigned producers) {
  for (const auto& peer : peers(into, name)) {
    if (peer.rate == nullptr) continue;
    const auto mine = our_rate(producers);
    const auto theirs = peer.rate(producers);
    if (!mine || !theirs) {
      into.not_available("ipc", name, mine ? peer.name : "",
                         "it did not work here");
      continue;
    }
    into.add({"ipc", name, "M/s", *mine, 0, peer.name, *theirs, better::more});
  }
}

}  // namespace

void run_ipc(report& into) {
  auto others = peers(into, "handle_rtt");
  others.insert(others.begin(), bare_flag());
  add_trips(into, "handle_rtt", {64, 100'000}, waiting::spin, others);
  const struct {
    const char* name;
    trip what;
  } sizes[] = {{"handle_rtt_4k", {4U << 10U, 50'000}},
               {"handle_rtt_64k", {64U << 10U, 10'000}},
               {"handle_rtt_1m", {1U << 20U, 1'500}},
               {"handle_rtt_4m", {4U << 20U, 400}}};
  for (const auto& size : sizes)
    add_trips(into, size.name, size.what, waiting::spin, others);
  others.front() = bare_futex();
  add_trips(into, "handle_rtt_sleep", {64, 20'000}, waiting::sleep, others);
  add_trips(into, "handle_rtt_adaptive", {64, 50'000}, waiting::adaptive,
            {bare_flag()});
  add_rates(into, "one_way", 1);
  add_rates(into, "one_way_p4", 4);
  run_delivery(into);
  run_asks(into);
  run_fan_out(into);
  run_recovery(into);
}

}  // namespace commy::benchmark
