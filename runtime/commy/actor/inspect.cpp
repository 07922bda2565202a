#include <commy/actor/cell_arena.hpp>
#include <commy/actor/inspect.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/system_snapshot.hpp>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

namespace commy::actors {
namespace {

/// Gives supervisors their places in a snapshot, and keeps them alive.
class supervisor_places {
public:
  using state = std::shared_ptr<supervision_state>;

  std::size_t place_of(const state& which) {
    if (const auto at = places_.find(which.get()); at != places_.end()) {
      return at->second;
    }
    // Before it, as everywhere in the list.
    if (which->above() != nullptr) static_cast<void>(place_of(which->above()));
    places_.emplace(which.get(), states_.size());
    states_.push_back(which);
    return states_.size() - 1;
  }

  [[nodiscard]] std::vector<supervisor_info> infos() {
    std::vector<supervisor_info> all;
    for (const auto& s : states_) {
      auto& info = all.emplace_back();
      info.name = s->options().name;
      info.how = s->options().how;
      if (s->above() != nullptr) info.parent = place_of(s->above());
      info.restarts = s->restarts();
      info.gave_up = s->gave_up();
    }
    return all;
  }

private:
  std::unordered_map<const supervision_state*, std::size_t> places_;
  std::vector<state> states_;
};

void add_wait(const cell& c, std::int64_t now_ns, actor_info& info) {
  // acquire, pairs with [edge] in begin_wait(): who sees the number sees the
  // target.
  if (c.waiting_ask.load(std::memory_order_acquire) == 0) return;
  const auto* const other = c.waiting_on.load(std::memory_order_acquire);
  info.waits_for = other->pool == nullptr
                       ? std::string{"a stopped actor"}
                       : std::string{cell_name{*other}.view()};
  // relaxed: a number of its own; it may be that of a wait that is over.
  const auto until = c.deadline.load(std::memory_order_relaxed);
  if (until == cell::never) return;
  info.waits_at_most =
      std::chrono::nanoseconds{std::max(until - now_ns, std::int64_t{0})};
}

}  // namespace

actor_info info_of(const cell& c, std::int64_t now_ns) {
  // relaxed, all: figures of the owner's, each right by itself; they order
  // nothing.
  constexpr auto relaxed = std::memory_order_relaxed;
  constexpr std::string_view states[] = {"starting", "ready", "awaiting",
                                         "backing off", "stopped"};
  actor_info info;
  info.name = cell_name{c}.view();
  info.type = c.type->name;
  info.state = states[static_cast<std::size_t>(c.phase.load(relaxed))];
  if (c.closing.load(relaxed)) info.state += ", stopping";
  if (const auto* const ops = c.handling.load(relaxed)) {
    info.handling = ops->message_name;
  }
  const auto held = held_by(c);
  const auto bound = bound_of(c);
  if (const auto* const side = c.side.load(std::memory_order_acquire)) {
    info.replaced = side->replaced();
  }
  info.queued = held.messages();
  info.queued_bytes = held.bytes();
  info.mailbox_messages = bound.messages();
  info.mailbox_bytes = bound.bytes();
  info.handled = c.handled.load(relaxed);
  info.number = c.spawn_number;
  add_wait(c, now_ns, info);
  if (c.extra == nullptr) return info;
  info.restarts = c.extra->restarts.load(relaxed);
  info.handler_time =
      std::chrono::nanoseconds{c.extra->handlers_ns.load(relaxed)};
  info.longest_handler =
      std::chrono::nanoseconds{c.extra->longest_ns.load(relaxed)};
  return info;
}

void system_core::know(const std::shared_ptr<supervision_state>& made) {
  const std::lock_guard hold{names_mutex_};
  // Before it would grow, so that those that are gone cost nothing for long.
  if (supervisors_.size() == supervisors_.capacity()) {
    std::erase_if(supervisors_, [](const auto& s) { return s.expired(); });
  }
  supervisors_.push_back(made);
}

system_snapshot system_core::inspect() const {
  supervisor_places places;
  {
    const std::lock_guard hold{names_mutex_};
    for (const auto& s : supervisors_) {
      if (const auto alive = s.lock())
        static_cast<void>(places.place_of(alive));
    }
  }
  system_snapshot snapshot;
  const auto now_ns = alarms_.now();
  for_each_cell(*this, [&](const cell& c) {
    auto& info = snapshot.actors.emplace_back(info_of(c, now_ns));
    if (c.extra != nullptr && c.extra->supervisor != nullptr) {
      info.parent = places.place_of(c.extra->supervisor);
    }
  });
  snapshot.supervisors = places.infos();
  return snapshot;
}

}  // namespace commy::actors
