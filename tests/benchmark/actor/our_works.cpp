// What Commy does of the rows of actors.
#include "our_runtime.hpp"
#include "programs.hpp"
#include "savina.hpp"
#include "source_compile.hpp"

namespace commy::benchmark {
namespace {

using namespace std::chrono_literals;

struct question {
  using reply = std::uint32_t;
  std::uint32_t value;
};

class oracle : public actor {
public:
  std::uint32_t on(question m) { return m.value + 1; }
};

class asker : public actor {
public:
  asker(ref<oracle> whom, laps* score, finish_line* end)
      : whom_{whom}, score_{score}, end_{end} {}
  task<> on(begin) {
    do {
      const auto answer = co_await ask(whom_, question{1}, 1s);
      if (answer.value() != 2) std::terminate();
    } while (score_->count());
    end_->reach();
  }

private:
  ref<oracle> whom_;
  laps* score_;
  finish_line* end_;
};

/// Nanoseconds from the question to the handler that goes on.
void ask_one_worker(samples& into) {
  actor_system system{{.workers = 1}};
  finish_line end;
  laps score{into, {.calls = 100'000}};
  const auto whom = system.spawn<oracle>("");
  system.spawn<asker>("", whom, &score, &end).tell(begin{}).value();
  end.wait();
}

/// Microseconds.
void idle_ask(samples& into) {
  actor_system system{{.workers = 1}};
  const auto whom = system.spawn<oracle>("");
  after_idleness(into, [&] { system.ask(whom, question{1}, 10s).value(); });
}

void compile(samples& into) {
  into.push_back(seconds_to_compile("one_actor.cpp"));
}

using us = our_runtime;

constexpr work works[] = {
    {"ping_pong", &ping_pong<us, 1>},
    {"ping_pong_x2", &ping_pong<us, 2>},
    {"ping_pong_pin", &ping_pong_pinned<us>},
    {"ask", &ask_one_worker},
    {"fan_in", &fan_in<us, 1>},
    {"fan_in_x2", &fan_in<us, 2>},
    {"outside_in", &outside_in<us>},
    {"ring_503", &ring<us, 503, 1>},
    {"spawn", &spawn<us>},
    {"actor_bytes", &actor_bytes<us, false>},
    {"told_bytes", &actor_bytes<us, true>},
    {"skynet", &skynet<us>},
    {"savina_ring", &thread_ring<us>},
    {"savina_count", &counting<us>},
    {"savina_forkj", &fork_join_throughput<us>},
    {"savina_create", &fork_join_create<us>},
    {"savina_big", &big<us>},
    {"savina_buffer", &bounded_buffer<us>},
    {"savina_dining", &dining<us>},
    {"savina_chams", &chameneos<us>},
    {"idle_wakeups", &idle_wakeups<us>},
    {"idle_ask", &idle_ask},
    {"compile", &compile},
};

}  // namespace

contestant our_works() { return {"Commy", works}; }

}  // namespace commy::benchmark
