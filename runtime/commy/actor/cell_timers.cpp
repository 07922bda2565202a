#include <commy/actor/actor_pool.hpp>
#include <commy/actor/alarm_clock.hpp>
#include <commy/actor/cell_arena.hpp>
#include <commy/actor/cell_timers.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/base/fence.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace commy::actors {
namespace {

/// The next time of a grid that all actors share, no more than `slack` after
/// `due`: its step is the largest power of two that fits.
std::int64_t coalesced(std::int64_t due,
                       std::chrono::nanoseconds slack) noexcept {
  if (slack.count() < 2) return due;
  const auto step = static_cast<std::int64_t>(
      std::bit_floor(static_cast<std::uint64_t>(slack.count())));
  if (due > cell::never - step) return due;
  return (due + step - 1) / step * step;
}

}  // namespace

void arm_timers_of(cell& c, const cell_extra& extra) noexcept {
  auto next = cell::never;
  if (extra.timers != nullptr) next = extra.timers->earliest();
  if (extra.interleaved != nullptr) {
    next = std::min(next, extra.interleaved->earliest());
  }
  // relaxed: ordered by the fence, which arm() asks for.
  c.deadline.store(next, std::memory_order_relaxed);
  if (next == cell::never) return;
  fence::full();
  c.pool->system().alarms().arm(c);
}

timer add_timer(cell& c, const timer_times& times,
                std::unique_ptr<timed_message> content) {
  auto& extra = extra_of(c);
  if (extra.timers == nullptr) extra.timers = std::make_unique<timer_set>();
  const auto due =
      coalesced(c.pool->system().alarms().after(times.wait), times.slack);
  const auto made =
      extra.timers->add(due, times.period.count(), std::move(content));
  arm_timers(c);
  return made;
}

bool cancel_timer(cell& c, timer which) noexcept {
  // The alarm stays: it finds nothing that is due.
  return c.extra != nullptr && c.extra->timers != nullptr &&
         c.extra->timers->cancel(which);
}

std::chrono::nanoseconds time_of(const cell& c) noexcept {
  return std::chrono::nanoseconds{c.pool->system().alarms().now()};
}

}  // namespace commy::actors
