#include <commy/actor/actor_trace.hpp>
#include <commy/actor/alarm_clock.hpp>
#include <commy/actor/ask.hpp>
#include <commy/actor/cell_extra.hpp>
#include <commy/actor/interleaved_set.hpp>
#include <commy/actor/observe.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/task.hpp>

#include <algorithm>
#include <chrono>

namespace commy::actors {
namespace {

actor_trace* trace_of(const cell& c) noexcept {
  return c.pool->system().options().trace.get();
}

/// Calls `tell` with the actor. `cell_name` holds the text meanwhile.
template <class Tell>
void with_traced(const cell& c, Tell tell) noexcept {
  const cell_name name{c};
  tell(traced_actor{
      .name = name.view(), .type = c.type->name, .number = c.spawn_number});
}

void count(cell& c, std::int64_t took) noexcept {
  // Each actor has an extra then.
  if (!c.pool->system().options().measure_handlers) return;
  auto& sum = c.extra->handlers_ns;
  auto& longest = c.extra->longest_ns;
  // relaxed: one writer, the owner; others read snapshots.
  constexpr auto relaxed = std::memory_order_relaxed;
  sum.store(sum.load(relaxed) + took, relaxed);
  longest.store(std::max(longest.load(relaxed), took), relaxed);
}

/// Takes the time of one run of a handler, also when it throws.
class run_timer {
public:
  explicit run_timer(cell& c) noexcept
      : cell_{c}, began_ns_{alarm_clock::steady_now()} {}
  run_timer(const run_timer&) = delete;
  run_timer& operator=(const run_timer&) = delete;
  ~run_timer() {
    if (!is_over_) static_cast<void>(end());
  }
  std::int64_t end() noexcept {
    const auto took = alarm_clock::steady_now() - began_ns_;
    is_over_ = true;
    count(cell_, took);
    return took;
  }

private:
  cell& cell_;
  const std::int64_t began_ns_;
  bool is_over_ = false;
};

template <class Run>
message::outcome timed(cell& c, Run run) {
  const auto& ops = *c.current->ops;
  run_timer timer{c};
  const auto how = run();
  const auto took = timer.end();
  auto* const trace = trace_of(c);
  if (trace == nullptr) return how;
  with_traced(c, [&](const traced_actor& who) {
    trace->handled(who, {.message = ops.message_name,
                         .took = std::chrono::nanoseconds{took},
                         .finished = how == message::outcome::finished});
  });
  return how;
}

}  // namespace

message::outcome resume_handler(cell& c, const pending_ask& wait) {
  wait.waiter.resume();
  // relaxed: this thread wrote it. One that is to be interleaved may have had
  // to wait alone before.
  const bool waits =
      c.root->interleaves
          ? leaves_waiting(c)
          : c.phase.load(std::memory_order_relaxed) == actor_phase::awaiting;
  if (waits) return message::outcome::suspended;
  c.root->complete(*c.root, *c.current);
  return message::outcome::finished;
}

message::outcome run_observed(cell& c, message::envelope& e) {
  return timed(c, [&] { return e.ops->run(&c, e); });
}

message::outcome resume_observed(cell& c, const pending_ask& wait) {
  return timed(c, [&] { return resume_handler(c, wait); });
}

void trace_spawned(const cell& c) noexcept {
  auto* const trace = trace_of(c);
  if (trace == nullptr) return;
  with_traced(c, [&](const traced_actor& who) { trace->spawned(who); });
}

void trace_failed(const cell& c, std::string_view message,
                  std::string_view reason) noexcept {
  auto* const trace = trace_of(c);
  if (trace == nullptr) return;
  with_traced(
      c, [&](const traced_actor& who) { trace->failed(who, message, reason); });
}

void trace_restarted(const cell& c) noexcept {
  auto* const trace = trace_of(c);
  if (trace == nullptr) return;
  with_traced(c, [&](const traced_actor& who) { trace->restarted(who); });
}

void trace_stopped(const cell& c,
                   std::span<const std::string> reasons) noexcept {
  auto* const trace = trace_of(c);
  if (trace == nullptr) return;
  with_traced(c,
              [&](const traced_actor& who) { trace->stopped(who, reasons); });
}

}  // namespace commy::actors
