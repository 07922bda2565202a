// Question: how long until an actor of another process has answered a message,
// when the worker that runs it is also the one that waits for it, beside a
// thread that takes messages and hands them to a worker?
// Method: ping-pong with an actor that sends each message back; who asks spins,
// the host with the actor waits as hosts do. Back to back, and with a pause
// after which the host is asleep.
#include "delivery_rows.hpp"

#include "other_process.hpp"
#include "our_ends.hpp"
#include <commy/actor/actor_system.hpp>
#include <commy/actor/protocol.hpp>
#include <commy/host/inbox_source.hpp>
#include <commy/message/inbox_thread.hpp>

#include <thread>

namespace commy::benchmark {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class echo : public actor {
public:
  using protocol = messages<small>;
  explicit echo(const segment& shared)
      : back_{
            remote_address<small>::wait_for(shared, "here", clock::now() + 10s)
                .value()} {}
  void on(const small& m) { back_.send(m).value(); }

private:
  remote_address<small> back_;
};

enum class taken_by : std::uint8_t { worker, thread };

/// A host with one actor, until it is killed.
[[noreturn]] void serve(const meeting_place& at, taken_by whom,
                        message::waiting how) {
  const auto shared = at.attach();
  actor_system actors{{.workers = 1}};
  actors.spawn<echo>("echo", shared);
  auto box = message::inbox::open(shared, {.how = how}).value();
  box.publish("echo").value();
  const auto deliver = [&](const message::parcel& p) {
    return actors.deliver(p.target(), p.id(), p.bytes()).has_value();
  };
  if (whom == taken_by::worker) {
    host::inbox_source source{std::move(box), deliver};
    if (!actors.attach(source)) ::_exit(1);
    for (;;)
      ::pause();
  }
  const message::inbox_thread mail{std::move(box), deliver};
  for (;;)
    ::pause();
}

struct ends {
  message::waiting asker = message::waiting::spin;
  message::waiting host = message::waiting::adaptive;
};

std::optional<percentiles> ask_echo(taken_by whom, std::uint64_t rounds,
                                    std::chrono::microseconds pause,
                                    const ends& how = {}) {
  return on_first_core([&] {
    const meeting_place at;
    const auto shared = at.attach();
    auto mail = message::inbox::open(shared, {.how = how.asker}).value();
    mail.publish("here").value();
    const other_process host{[&] { serve(at, whom, how.host); }};
    auto to =
        remote_address<small>::wait_for(shared, "echo", clock::now() + 10s)
            .value();
    std::vector<double> times;
    for (std::uint64_t i = 0; i < rounds; ++i) {
      // Spinning: this side is to be awake.
      for (const auto until = clock::now() + pause; clock::now() < until;) {
      }
      const auto begin = clock::now();
      to.send(small{{i}}).value();
      while (mail.take_each([](const message::parcel& p) {
        keep(sum_of(p.as<small>().value().words));
      }) == 0) {
        static_cast<void>(mail.wait(clock::now() + 10s));
      }
      const std::chrono::duration<double, std::nano> took =
          clock::now() - begin;
      if (i >= rounds / 10) times.push_back(took.count());
    }
    return of(times);
  });
}

}  // namespace

std::optional<percentiles> actor_trips(std::uint64_t rounds,
                                       message::waiting how) {
  return ask_echo(taken_by::worker, rounds, 0us, {how, how});
}

void run_delivery(report& into) {
  const auto add = [&](const char* name, std::uint64_t rounds,
                       std::chrono::microseconds pause) {
    const auto mine = ask_echo(taken_by::worker, rounds, pause);
    const auto other = ask_echo(taken_by::thread, rounds, pause);
    if (!mine || !other) {
      into.not_available("ipc", name, "", "it did not work here");
      return;
    }
    into.add({"ipc", name, "ns", mine->p50, mine->p99,
              "inbox_thread and worker", other->p50, better::less, mine->p999,
              other->p99});
  };
  add("actor_rtt", 50'000, 0us);
  add("actor_rtt_idle", 2'000, 1000us);
}

}  // namespace commy::benchmark
