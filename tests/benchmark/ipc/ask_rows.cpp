// Question: how long does an actor wait for the answer of an actor in another
// process, beside a bare message that goes there and back?
// Method: two hosts of one worker each, on a core each. An actor of the first
// asks an actor of the second, by an address that it has found by name, waits,
// and asks again. Beside it, in the same run and with both ends waiting alike:
// a message with a loan that goes there and back between two plain readers
// (`handle_rtt`), and one to an actor and back to a plain reader (`actor_rtt`).
#include "ask_rows.hpp"

#include "delivery_rows.hpp"
#include "other_process.hpp"
#include "our_ends.hpp"
#include <commy/actor/actor_system.hpp>
#include <commy/actor/protocol.hpp>
#include <commy/host/segment_mail.hpp>

#include <functional>

namespace commy::benchmark {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using message::waiting;

struct add {
  static constexpr std::string_view wire_name = "benchmark::add";
  using reply = std::uint64_t;
  std::uint64_t amount = 0;
};
BOOST_DESCRIBE_STRUCT(add, (), (amount))

class adder : public actor {
public:
  using protocol = messages<add>;
  std::uint64_t on(add m) { return total_ += m.amount; }

private:
  std::uint64_t total_ = 0;
};

/// Asks so often, one after the other.
struct ask_often {
  using reply = percentiles;
  std::uint64_t rounds = 0;
};

class asker : public actor {
public:
  explicit asker(address<add> whom) : whom_{whom} {}

  task<percentiles> on(ask_often m) {
    std::vector<double> times;
    times.reserve(m.rounds);
    for (std::uint64_t i = 0; i < m.rounds; ++i) {
      const auto begin = clock::now();
      const auto sum = co_await ask(whom_, add{1}, 10s);
      const std::chrono::duration<double, std::nano> took =
          clock::now() - begin;
      if (sum.value() != i + 1) throw std::runtime_error{"a wrong sum"};
      if (i >= m.rounds / 10) times.push_back(took.count());
    }
    co_return of(times);
  }

private:
  address<add> whom_;
};

/// An actor system that has joined the segment.
struct host_process {
  segment shared;
  actor_system actors{{.workers = 1}};
  segment_mail mail{actors};

  host_process(const meeting_place& at, waiting how) : shared{at.attach()} {
    mail.open(shared, {.how = how}).value();
  }
};

std::optional<percentiles> ask_trips(std::uint64_t rounds, waiting how) {
  return on_first_core([&] {
    const meeting_place at;
    const other_process other{[&] {
      host_process there{at, how};
      there.mail.publish("adder", there.actors.spawn<adder>("adder")).value();
      for (;;)
        ::pause();
    }};
    host_process here{at, how};
    const auto whom =
        here.mail.wait_for<add>(here.shared, "adder", clock::now() + 10s)
            .value();
    const auto asks = here.actors.spawn<asker>("asker", whom);
    return here.actors.ask(asks, ask_often{rounds}, 100s).value();
  });
}

void add_asks(report& into, const char* name, waiting how) {
  constexpr std::uint64_t rounds = 100'000;
  const struct {
    const char* name;
    std::function<std::optional<percentiles>()> measure;
  } peers[] = {
      {"handle_rtt", [&] { return our_trips({64, rounds}, how); }},
      {"actor_rtt", [&] { return actor_trips(rounds, how); }},
  };
  for (const auto& peer : peers) {
    const auto mine = ask_trips(rounds, how);
    const auto other = peer.measure();
    if (!mine || !other) {
      into.not_available("ipc", name, peer.name, "it did not work here");
      continue;
    }
    into.add({"ipc", name, "ns", mine->p50, mine->p99, peer.name, other->p50,
              better::less, mine->p999, other->p99});
  }
}

}  // namespace

void run_asks(report& into) {
  add_asks(into, "remote_ask", waiting::spin);
  add_asks(into, "remote_ask_adaptive", waiting::adaptive);
}

}  // namespace commy::benchmark
