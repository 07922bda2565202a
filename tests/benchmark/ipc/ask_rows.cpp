// Question: how long does an actor wait for the answer of an actor in another
// process, beside a bare message that goes there and back?
// Method: two hosts of one worker each, on a core each. An actor of the first
// asks an actor of the second, by an address that it has found by name, waits,
// and asks again. Beside it, in the same run and with both ends waiting alike:
// a message with a loan that goes there and back between two plain readers
// (`handle_rtt`), and one to an actor and back to a plain reader (`actor_rtt`).
// `remote_ask_loan`: the reply is a loan of 4 MiB that nobody writes or reads,
// so what is measured is the hop; beside it one of 64 bytes, and a plain reply.
#include "ask_rows.hpp"

#include "delivery_rows.hpp"
#include "other_process.hpp"
#include "our_ends.hpp"
#include <commy/actor/actor_system.hpp>
#include <commy/actor/protocol.hpp>
#include <commy/host/segment_mail.hpp>

#include <functional>
#include <initializer_list>
#include <type_traits>
#include <utility>

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

struct borrow {
  static constexpr std::string_view wire_name = "benchmark::borrow";
  using reply = loan<const std::uint64_t>;
  std::uint64_t words = 0;
};
BOOST_DESCRIBE_STRUCT(borrow, (), (words))

class adder : public actor {
public:
  using protocol = messages<add>;
  std::uint64_t on(add m) { return total_ += m.amount; }

private:
  std::uint64_t total_ = 0;
};

class lender : public actor {
public:
  using protocol = messages<borrow>;
  explicit lender(segment shared) : shared_{std::move(shared)} {}
  loan<const std::uint64_t> on(borrow m) {
    return try_loan_for_overwrite<std::uint64_t>(shared_, m.words).value();
  }

private:
  segment shared_;
};

/// Asks so often, one after the other.
struct ask_often {
  using reply = percentiles;
  std::uint64_t rounds = 0;
};

/// Asks with a message, whose answer is right or not.
template <class M>
class asker : public actor {
public:
  using check = bool (*)(const M& asked, const reply_of<M>& answer,
                         std::uint64_t round);
  asker(address<M> whom, M question, check is_right)
      : whom_{whom}, question_{question}, is_right_{is_right} {}

  task<percentiles> on(ask_often m) {
    std::vector<double> times;
    times.reserve(m.rounds);
    for (std::uint64_t i = 0; i < m.rounds; ++i) {
      const auto begin = clock::now();
      const auto answer = co_await ask(whom_, question_, 10s);
      const std::chrono::duration<double, std::nano> took =
          clock::now() - begin;
      if (!is_right_(question_, answer.value(), i)) {
        throw std::runtime_error{"a wrong answer"};
      }
      if (i >= m.rounds / 10) times.push_back(took.count());
    }
    co_return of(times);
  }

private:
  address<M> whom_;
  M question_;
  check is_right_;
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

template <class M>
std::optional<percentiles> trips_of(std::uint64_t rounds, waiting how,
                                    M question,
                                    typename asker<M>::check is_right) {
  return on_first_core([&] {
    const meeting_place at;
    const other_process other{[&] {
      host_process there{at, how};
      if constexpr (std::is_same_v<M, add>) {
        there.mail.publish("other", there.actors.spawn<adder>("adder")).value();
      } else {
        const auto lends = there.actors.spawn<lender>("lender", there.shared);
        there.mail.publish("other", lends).value();
      }
      for (;;)
        ::pause();
    }};
    host_process here{at, how};
    const auto whom =
        here.mail.wait_for<M>(here.shared, "other", clock::now() + 10s).value();
    const auto asks =
        here.actors.spawn<asker<M>>("asker", whom, question, is_right);
    return here.actors.ask(asks, ask_often{rounds}, 100s).value();
  });
}

std::optional<percentiles> ask_trips(std::uint64_t rounds, waiting how) {
  return trips_of(rounds, how, add{1},
                  [](const add& /*asked*/, const std::uint64_t& sum,
                     std::uint64_t round) { return sum == round + 1; });
}

std::optional<percentiles> loan_trips(std::uint64_t rounds, waiting how,
                                      std::uint64_t bytes) {
  return trips_of(rounds, how, borrow{bytes / 8},
                  [](const borrow& asked, const loan<const std::uint64_t>& lent,
                     std::uint64_t) { return lent.size() == asked.words; });
}

using measurement = std::function<std::optional<percentiles>()>;
struct peer_row {
  const char* name;
  measurement measure;
};

/// Ours anew beside each peer.
void add_rows(report& into, const char* name, const measurement& ours,
              std::initializer_list<peer_row> peers) {
  for (const auto& peer : peers) {
    const auto mine = ours();
    const auto other = peer.measure();
    if (!mine || !other) {
      into.not_available("ipc", name, peer.name, "it did not work here");
      continue;
    }
    into.add({"ipc", name, "ns", mine->p50, mine->p99, peer.name, other->p50,
              better::less, mine->p999, other->p99});
  }
}

void add_asks(report& into, const char* name, waiting how) {
  constexpr std::uint64_t rounds = 100'000;
  add_rows(into, name, [&] { return ask_trips(rounds, how); },
           {{"handle_rtt", [&] { return our_trips({64, rounds}, how); }},
            {"actor_rtt", [&] { return actor_trips(rounds, how); }}});
}

void add_loan_asks(report& into, const char* name, waiting how) {
  constexpr std::uint64_t rounds = 50'000;
  add_rows(into, name, [&] { return loan_trips(rounds, how, 4U << 20U); },
           {{"64 bytes", [&] { return loan_trips(rounds, how, 64); }},
            {"remote_ask", [&] { return ask_trips(rounds, how); }}});
}

}  // namespace

void run_asks(report& into) {
  add_asks(into, "remote_ask", waiting::spin);
  add_asks(into, "remote_ask_adaptive", waiting::adaptive);
  add_loan_asks(into, "remote_ask_loan", waiting::spin);
}

}  // namespace commy::benchmark
