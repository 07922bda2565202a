#include <commy/actor/ask.hpp>
#include <commy/actor/interleaved_set.hpp>
#include <commy/actor/task.hpp>

#include <gsl/gsl>

namespace commy::actors {

void interleaved_set::add(std::uint64_t ask, const interleaved_handler& h) {
  waiting_.push_back({ask, h});
  try {
    by_ask_.emplace(ask, std::prev(waiting_.end()));
    by_deadline_.emplace(h.deadline, ask);
  } catch (...) {
    by_ask_.erase(ask);
    waiting_.pop_back();
    throw;
  }
}

void interleaved_set::forget(std::uint64_t ask) noexcept {
  const auto at = by_ask_.find(ask);
  if (at == by_ask_.end()) return;
  make_ready(at->second);
  ready_.pop_back();
}

bool interleaved_set::answer(std::uint64_t ask, message::envelope& e) noexcept {
  const auto at = by_ask_.find(ask);
  if (at == by_ask_.end()) return false;
  at->second->handler.awaiting->answer = &e;
  make_ready(at->second);
  return true;
}

void interleaved_set::expire(std::int64_t now) noexcept {
  while (earliest() <= now) {
    const auto at = by_ask_.find(by_deadline_.begin()->second)->second;
    at->handler.awaiting->failed = ask_error::timeout;
    make_ready(at);
  }
}

void interleaved_set::make_ready(entries::iterator at) noexcept {
  by_deadline_.erase({at->handler.deadline, at->ask});
  by_ask_.erase(at->ask);
  ready_.splice(ready_.end(), waiting_, at);
}

interleaved_handler interleaved_set::take_ready() noexcept {
  Expects(has_ready());
  const auto first = ready_.front().handler;
  ready_.pop_front();
  return first;
}

interleaved_handler interleaved_set::take_any() noexcept {
  if (ready_.empty()) make_ready(waiting_.begin());
  return take_ready();
}

bool leaves_waiting(cell& c) noexcept {
  // relaxed: this thread wrote it.
  if (c.phase.load(std::memory_order_relaxed) == actor_phase::awaiting) {
    return true;
  }
  if (c.root->self.done()) return false;
  // The set has all three by now.
  c.root = nullptr;
  c.current = nullptr;
  c.handling.store(nullptr, std::memory_order_relaxed);
  return true;
}

}  // namespace commy::actors
