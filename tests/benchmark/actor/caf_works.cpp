// What CAF does of the rows of actors.
#include "caf_runtime.hpp"
#include "programs.hpp"
#include "savina.hpp"
#include "source_compile.hpp"

// Messages need no more than this as long as they stay in the process.
#define COMMY_CAF_MESSAGE(type) \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(commy::benchmark::type)
COMMY_CAF_MESSAGE(begin)
COMMY_CAF_MESSAGE(ball)
COMMY_CAF_MESSAGE(token)
COMMY_CAF_MESSAGE(more)
COMMY_CAF_MESSAGE(item)
COMMY_CAF_MESSAGE(subtotal)
COMMY_CAF_MESSAGE(increment)
COMMY_CAF_MESSAGE(read_count)
COMMY_CAF_MESSAGE(pong)
COMMY_CAF_MESSAGE(produce)
COMMY_CAF_MESSAGE(good)
COMMY_CAF_MESSAGE(eat)
COMMY_CAF_MESSAGE(denied)
COMMY_CAF_MESSAGE(sated)
COMMY_CAF_MESSAGE(change)
COMMY_CAF_MESSAGE(go_home)
COMMY_CAF_MESSAGE(opponent<commy::benchmark::caf_runtime>)
COMMY_CAF_MESSAGE(neighbour<commy::benchmark::caf_runtime>)
COMMY_CAF_MESSAGE(source_is<commy::benchmark::caf_runtime>)
COMMY_CAF_MESSAGE(ping<commy::benchmark::caf_runtime>)
COMMY_CAF_MESSAGE(delivery<commy::benchmark::caf_runtime>)
COMMY_CAF_MESSAGE(hungry_for_goods<commy::benchmark::caf_runtime>)
COMMY_CAF_MESSAGE(hungry<commy::benchmark::caf_runtime>)
COMMY_CAF_MESSAGE(partner<commy::benchmark::caf_runtime>)
COMMY_CAF_MESSAGE(visit<commy::benchmark::caf_runtime>)

namespace commy::benchmark {
namespace {

class oracle : public caf::event_based_actor {
public:
  using event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[](std::uint32_t value) { return value + 1; }};
  }
};

class asker : public caf::event_based_actor {
public:
  asker(caf::actor_config& config, caf::actor whom, laps* score,
        finish_line* end)
      : event_based_actor{config},
        whom_{std::move(whom)},
        score_{score},
        end_{end} {}
  caf::behavior make_behavior() override {
    return {[this](begin) { ask(); }};
  }

private:
  void ask() {
    // Without a timeout, which CAF does not ask for and which would cost it
    // more.
    request(whom_, caf::infinite, std::uint32_t{1})
        .then([this](std::uint32_t answer) {
          if (answer != 2) std::terminate();
          if (score_->count()) {
            ask();
          } else {
            end_->reach();
          }
        });
  }

  caf::actor whom_;
  laps* score_;
  finish_line* end_;
};

void ask_one_worker(samples& into) {
  caf_runtime::system system{1};
  finish_line end;
  laps score{into, {.calls = 100'000}};
  auto& actors = system.actors();
  system.tell(
      actors.spawn<asker>(caf::actor{actors.spawn<oracle>()}, &score, &end),
      begin{});
  end.wait();
}

void idle_ask(samples& into) {
  caf_runtime::system system{1};
  const auto whom = system.actors().spawn<oracle>();
  const caf::scoped_actor self{system.actors()};
  after_idleness(into, [&] {
    self->request(whom, caf::infinite, std::uint32_t{1})
        .receive([](std::uint32_t) {},
                 [](const caf::error&) { std::terminate(); });
  });
}

void compile(samples& into) {
  into.push_back(seconds_to_compile("one_actor_caf.cpp"));
}

using caf_rt = caf_runtime;

constexpr work works[] = {
    {"ping_pong", &ping_pong<caf_rt, 1>},
    {"ping_pong_x2", &ping_pong<caf_rt, 2>},
    {"ping_pong_pin", &ping_pong_pinned<caf_rt>},
    {"ask", &ask_one_worker},
    {"fan_in", &fan_in<caf_rt, 1>},
    {"fan_in_x2", &fan_in<caf_rt, 2>},
    {"outside_in", &outside_in<caf_rt>},
    {"ring_503", &ring<caf_rt, 503, 1>},
    {"spawn", &spawn<caf_rt>},
    {"actor_bytes", &actor_bytes<caf_rt, false>},
    {"told_bytes", &actor_bytes<caf_rt, true>},
    {"skynet", &skynet<caf_rt>},
    {"savina_ring", &thread_ring<caf_rt>},
    {"savina_count", &counting<caf_rt>},
    {"savina_forkj", &fork_join_throughput<caf_rt>},
    {"savina_create", &fork_join_create<caf_rt>},
    {"savina_big", &big<caf_rt>},
    {"savina_buffer", &bounded_buffer<caf_rt>},
    {"savina_dining", &dining<caf_rt>},
    {"savina_chams", &chameneos<caf_rt>},
    {"idle_wakeups", &idle_wakeups<caf_rt>},
    {"idle_ask", &idle_ask},
    {"compile", &compile},
};

}  // namespace

contestant caf_works() { return {"CAF", works}; }

}  // namespace commy::benchmark
