#include <commy/actor/actor_pool.hpp>
#include <commy/actor/alarm_clock.hpp>
#include <commy/actor/ask.hpp>
#include <commy/actor/cell_arena.hpp>
#include <commy/actor/cell_extra.hpp>
#include <commy/actor/cell_timers.hpp>
#include <commy/actor/interleaved_set.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/task.hpp>
#include <commy/base/fence.hpp>
#include <commy/base/interleaving.hpp>

#include <gsl/gsl>

namespace commy::actors {
namespace {

// Longer chains are not searched to their end; their timeouts end them. 64
// actors that wait for each other in a row are no design anybody intends.
constexpr int longest_line = 64;

/// Whether `from` waits for `me`, through any number of others. Each actor
/// waits for at most one, so this is a walk along a line. Cells are never
/// freed, so it may meet one that has changed, but none that is gone.
bool waits_for(const cell* from, const cell& me) noexcept {
  for (int step = 0; step < longest_line; ++step) {
    if (from == &me) return true;
    COMMY_POINT("ask.follow");
    // acquire, pairs with [edge] in begin_wait().
    const auto ask = from->waiting_ask.load(std::memory_order_acquire);
    if (ask == 0) return false;
    COMMY_POINT("ask.follow.number");
    // acquire: if this is the target of a later ask, the load below sees that
    // the earlier one had ended.
    const auto* const next = from->waiting_on.load(std::memory_order_acquire);
    COMMY_POINT("ask.follow.target");
    if (from->waiting_ask.load(std::memory_order_relaxed) != ask) return false;
    from = next;
  }
  return false;
}

/// The handlers that wait beside others; null when there is no room for one
/// more, or no memory.
interleaved_set* others_of(cell& me) noexcept {
  try {
    auto& set = extra_of(me).interleaved;
    if (set == nullptr) set = std::make_unique<interleaved_set>();
    return set->is_full() ? nullptr : set.get();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

std::optional<ask_error> begin_interleaved(
    cell& me, interleaved_set& others, pending_ask& wait,
    std::chrono::nanoseconds timeout) noexcept {
  const auto deadline = me.pool->system().alarms().roughly_after(timeout);
  wait.slot = interleaved_slot_for(me, ++me.asks);
  try {
    others.add(me.asks, {me.root, me.current, &wait, deadline});
  } catch (const std::bad_alloc&) {
    return ask_error::out_of_memory;
  }
  arm_timers(me);
  return std::nullopt;
}

}  // namespace

std::optional<ask_error> begin_wait(cell& me, pending_ask& wait, cell& target,
                                    std::chrono::nanoseconds timeout) noexcept {
  Expects(timeout.count() > 0);
  if (me.root != nullptr && me.root->interleaves) {
    if (auto* const others = others_of(me)) {
      return begin_interleaved(me, *others, wait, timeout);
    }
  }
  // release, pairs with the acquire in waits_for(): it comes after the end of
  // the ask before.
  me.waiting_on.store(&target, std::memory_order_release);
  COMMY_POINT("ask.target");
  wait.slot = slot_for(me, ++me.asks);
  // [edge] release: who sees the number sees the target.
  me.waiting_ask.store(me.asks, std::memory_order_release);
  COMMY_POINT("ask.edge");
  // relaxed: ordered by the fence.
  auto& clock = me.pool->system().alarms();
  me.deadline.store(clock.roughly_after(timeout), std::memory_order_relaxed);
  // Two actors that ask each other at the same time: at least one sees the
  // other's edge. And the alarm clock either sees our deadline or we see that
  // it has taken its own entry out.
  fence::full();
  if (waits_for(&target, me)) {
    cancel_wait(me, wait);
    return ask_error::cycle;
  }
  COMMY_POINT("ask.deadline");
  clock.arm(me);
  me.awaiting = &wait;
  me.phase.store(actor_phase::awaiting, std::memory_order_relaxed);
  return std::nullopt;
}

void cancel_wait(cell& me, const pending_ask& wait) noexcept {
  if ((wait.slot.who & interleaved_tag) != 0) {
    me.extra->interleaved->forget(wait.slot.id);
    return;
  }
  // relaxed: no request with this number is under way, so nobody claims it.
  me.waiting_ask.store(0, std::memory_order_relaxed);
  me.awaiting = nullptr;
  me.phase.store(actor_phase::ready, std::memory_order_relaxed);
  arm_timers(me);
}

}  // namespace commy::actors
