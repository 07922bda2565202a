#include <commy/actor/cell.hpp>
#include <commy/actor/lifecycle.hpp>
#include <commy/actor/timer_set.hpp>

#include <string>

namespace commy::actors {

timer timer_set::add(std::int64_t due, std::int64_t period,
                     std::unique_ptr<timed_message> message) {
  if (by_due_.size() == most) {
    throw actor_failure{"an actor has at most " + std::to_string(most) +
                        " timers; cancel those that are not wanted any more"};
  }
  const timer made{++made_};
  due_of_.emplace(made.number, due);
  try {
    by_due_.emplace(key{due, made.number}, content{period, std::move(message)});
  } catch (...) {
    due_of_.erase(made.number);
    throw;
  }
  return made;
}

bool timer_set::cancel(timer which) noexcept {
  const auto at = due_of_.find(which.number);
  if (at == due_of_.end()) return false;
  by_due_.erase(key{at->second, which.number});
  due_of_.erase(at);
  return true;
}

void timer_set::clear() noexcept {
  by_due_.clear();
  due_of_.clear();
}

std::int64_t timer_set::earliest() const noexcept {
  return by_due_.empty() ? cell::never : by_due_.begin()->first.first;
}

message::envelope* timer_set::take_due(std::int64_t now,
                                       std::uint32_t generation) noexcept {
  while (earliest() <= now) {
    const auto first = by_due_.begin();
    const auto [due, number] = first->first;
    const auto period = first->second.period;
    auto* const e = first->second.message->take(generation, period == 0);
    if (period == 0) {
      due_of_.erase(number);
      by_due_.erase(first);
    } else {
      // On the grid of its first time, so that it does not drift.
      const auto next = now - (now - due) % period;
      const auto again =
          next < cell::never - period ? next + period : cell::never - 1;
      auto node = by_due_.extract(first);
      node.key().first = again;
      by_due_.insert(std::move(node));
      due_of_.find(number)->second = again;
    }
    // Without memory this one is left out.
    if (e != nullptr) return e;
  }
  return nullptr;
}

}  // namespace commy::actors
