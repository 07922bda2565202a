// Question: when one of two senders is killed, how soon does the receiver take
// the other's next message, and does it matter how many loans the dead one had?
// Method: both send without a pause, so the dead one is most often in the
// middle of a message, which bars the way for all behind it. Timed from the
// return of kill() to the first message that was sent after it.
#include "recovery_rows.hpp"

#include "../sampling.hpp"
#include "other_process.hpp"
#include "our_ends.hpp"
#include <commy/platform/thread_hint.hpp>

#include <atomic>
#include <vector>

namespace commy::benchmark {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// `words[0]` is who sends, `words[1]` the receiver's time when it was sent.
struct stage {
  std::atomic<std::uint64_t> epoch{0};  // Deaths so far.
  std::atomic<bool> ready{false};
};

void send_for_ever(const meeting_place& at, stage& shared, std::uint64_t who,
                   std::uint64_t loaned) {
  const auto room = at.attach();
  std::vector<loan<std::byte>> held;
  for (std::uint64_t bytes = 0; bytes < loaned;) {
    auto one = try_loan_for_overwrite<std::byte>(room, 16'000).value();
    bytes += one.size();
    held.push_back(std::move(one));
  }
  auto to =
      remote_address<small>::wait_for(room, "here", clock::now() + 60s).value();
  if (who != 0) shared.ready.store(true, std::memory_order_release);
  for (;;) {
    const auto epoch = shared.epoch.load(std::memory_order_acquire);
    while (!to.send(small{{who, epoch, 0, 0}}))
      platform::cpu_relax();
  }
}

std::optional<percentiles> kill_senders(std::uint64_t loaned, int deaths) {
  return on_first_core([&] {
    const meeting_place at;
    const shared_object<stage> shared;
    const auto room = at.attach();
    auto mail = message::inbox::open(room).value();
    mail.publish("here").value();
    const other_process survivor{[&] { send_for_ever(at, *shared, 0, 0); }};
    const auto take_until = [&](auto&& met) {
      for (;;) {
        while (auto parcel = mail.try_take()) {
          if (met(parcel->as<small>().value())) return;
        }
        static_cast<void>(mail.wait(clock::now() + 10s));
      }
    };
    std::vector<double> times;
    for (int death = 1; death <= deaths; ++death) {
      shared->ready.store(false);
      other_process victim{[&] { send_for_ever(at, *shared, death, loaned); }};
      take_until([&](const small& m) {
        return m.words[0] == static_cast<std::uint64_t>(death);
      });
      ::kill(victim.pid(), SIGKILL);
      const auto begin = clock::now();
      shared->epoch.store(static_cast<std::uint64_t>(death),
                          std::memory_order_release);
      take_until([&](const small& m) {
        return m.words[0] == 0 &&
               m.words[1] == static_cast<std::uint64_t>(death);
      });
      const std::chrono::duration<double, std::milli> took =
          clock::now() - begin;
      times.push_back(took.count());
      victim.end();
    }
    return of(times);
  });
}

}  // namespace

void run_recovery(report& into) {
  const auto add = [&](const char* name, std::uint64_t loaned, int deaths) {
    const auto mine = kill_senders(loaned, deaths);
    if (!mine) {
      into.not_available("ipc", name, "", "it did not work here");
      return;
    }
    // The aim takes a peer's place: none of them goes on after such a death.
    into.add({"ipc", name, "ms", mine->p50, mine->p99, "aim (5 ms)", 5,
              better::less, mine->p999});
  };
  add("kill_recovery", 0, 300);
  add("kill_recovery_1g", 1ULL << 30U, 20);
}

}  // namespace commy::benchmark
