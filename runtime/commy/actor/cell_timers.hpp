// commy/actor/cell_timers.hpp: when one actor is to be woken, and by what.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/cell_extra.hpp>
#include <commy/actor/timer_set.hpp>

#include <atomic>
#include <chrono>
#include <memory>

namespace commy::actors {

// All functions: owner only.

/// The alarm rings when the first timer is due, or the first handler that waits
/// beside others has waited for long enough. Not while one waits alone.
void arm_timers_of(cell& c, const cell_extra& extra) noexcept;
inline void arm_timers(cell& c) noexcept {
  if (c.extra != nullptr &&
      (c.extra->timers != nullptr || c.extra->interleaved != nullptr)) {
    arm_timers_of(c, *c.extra);
  } else {
    // relaxed: an alarm that rings for nothing is harmless.
    c.deadline.store(cell::never, std::memory_order_relaxed);
  }
}
/// When a timer rings: after `wait` and no more than `slack` later, then each
/// `period`; 0: once.
struct timer_times {
  std::chrono::nanoseconds wait{};
  std::chrono::nanoseconds period{};
  std::chrono::nanoseconds slack{};
};
/// Throws `actor_failure` when there are too many.
timer add_timer(cell& c, const timer_times& times,
                std::unique_ptr<timed_message> content);
bool cancel_timer(cell& c, timer which) noexcept;
/// Of the system that runs it.
[[nodiscard]] std::chrono::nanoseconds time_of(const cell& c) noexcept;

}  // namespace commy::actors
