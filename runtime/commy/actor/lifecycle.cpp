#include <commy/actor/actor_pool.hpp>
#include <commy/actor/alarm_clock.hpp>
#include <commy/actor/answer.hpp>
#include <commy/actor/cell_arena.hpp>
#include <commy/actor/cell_timers.hpp>
#include <commy/actor/lifecycle.hpp>
#include <commy/actor/observe.hpp>
#include <commy/actor/reasons.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/task.hpp>
#include <commy/actor/turn.hpp>
#include <commy/actor/watch.hpp>
#include <commy/base/blocking.hpp>
#include <commy/base/fence.hpp>
#include <commy/base/log.hpp>

#include <new>
#include <optional>
#include <utility>

namespace commy::actors {
namespace {

constinit thread_local cell* constructing = nullptr;

void destroy_frame(cell& c) noexcept {
  if (c.root == nullptr) return;
  COMMY_POINT("frame.end");
  // Whoever still wants to answer the wait comes too late from here on.
  // acq_rel: pairs with the claim in deliver_answer().
  c.waiting_ask.exchange(0, std::memory_order_acq_rel);
  c.deadline.store(cell::never, std::memory_order_relaxed);
  c.awaiting = nullptr;
  std::exchange(c.root, nullptr)->self.destroy();
}

void append_first(cell_extra& extra, message::envelope& e) noexcept {
  // relaxed: the list is ours.
  e.next.store(nullptr, std::memory_order_relaxed);
  if (extra.first_up == nullptr) {
    extra.first_up = &e;
  } else {
    extra.last_up->next.store(&e, std::memory_order_relaxed);
  }
  extra.last_up = &e;
}

void drop_current(cell& c) noexcept {
  auto* const e = std::exchange(c.current, nullptr);
  c.handling.store(nullptr, std::memory_order_relaxed);
  if (e != nullptr) end_message(*e);
}

/// Of what goes first, the news. Urgent messages stay as the mailbox does.
void drop_notices(cell_extra& extra) noexcept {
  auto* e = std::exchange(extra.first_up, nullptr);
  while (e != nullptr) {
    // relaxed: the list is ours.
    auto* const next = e->next.load(std::memory_order_relaxed);
    if (message::is_message(e->kind)) {
      append_first(extra, *e);
    } else {
      end_message(*e);
    }
    e = next;
  }
}

/// What an object has asked for, timers and notices, ends with it; also when
/// its constructor fails.
void end_wishes(cell& c) noexcept {
  if (c.extra == nullptr) return;
  ++c.extra->life;
  drop_notices(*c.extra);
  if (c.extra->timers != nullptr) {
    c.extra->timers->clear();
    c.deadline.store(cell::never, std::memory_order_relaxed);
  }
}

void destroy_object(cell& c) noexcept {
  end_wishes(c);
  auto* const object = std::exchange(c.object, nullptr);
  if (object == nullptr) return;
  try {
    c.type->destroy(object);
  } catch (...) {
    if_memory_allows([&] {
      log(log_level::error, "actor",
          "the destructor of '" + std::string{cell_name{c}.view()} +
              "' threw: " +
              joined(describe_exception(std::current_exception())));
    });
  }
}

void back_off(cell& c, std::chrono::nanoseconds pause) noexcept {
  auto& clock = c.pool->system().alarms();
  c.phase.store(actor_phase::backing_off, std::memory_order_relaxed);
  // relaxed: ordered by the fence, which arm() asks for.
  c.deadline.store(clock.after(pause), std::memory_order_relaxed);
  fence::full();
  clock.arm(c);
}

/// Ends what handlers have begun: who asked is told, frames end before the
/// members that they use.
void end_handlers(cell& c, ask_error why, std::string_view text) noexcept {
  if (c.current != nullptr) bounce(c, *c.current, why, text);
  destroy_frame(c);
  drop_current(c);
  if (c.extra == nullptr || c.extra->interleaved == nullptr) return;
  while (!c.extra->interleaved->is_empty()) {
    const auto h = c.extra->interleaved->take_any();
    bounce(c, *h.current, why, text);
    h.root->self.destroy();
    end_message(*h.current);
  }
}

/// The actor has no object any more and will have none.
void end_failed(cell& c, const reason_chain& why) noexcept {
  if_memory_allows([&] { log(log_level::error, "actor", joined(why)); });
  auto all = why_stopped(c);
  finish(c, all.empty() ? why : all);
}

/// The actor has no object any more. Has it restarted later, or ends it.
bool restart_or_finish(cell& c, const reason_chain& why) noexcept {
  auto* const extra = c.extra;
  if (extra == nullptr || extra->maker == nullptr ||
      c.closing.load(std::memory_order_relaxed)) {
    end_failed(c, why);
    return false;
  }
  const auto now = c.pool->system().alarms().now();
  std::optional<std::chrono::nanoseconds> pause;
  if_memory_allows([&] {
    pause =
        extra->supervisor->child_failed({&c, c.inlet.generation()}, now, why);
  });
  if (!pause) {
    end_failed(c, why);
    return false;
  }
  if_memory_allows([&] {
    log(log_level::warning, "actor",
        joined(why) + "; restart in " +
            std::to_string(pause->count() / 1'000'000) + " ms");
  });
  back_off(c, *pause);
  return true;
}

}  // namespace

bool fail_current(cell& c, const std::exception_ptr& thrown) noexcept {
  auto& e = *c.current;
  reason_chain why;
  std::string text;
  if_memory_allows([&] {
    text = joined(describe_exception(thrown));
    why = reason_of(c, "failed handling " + std::string{e.ops->message_name},
                    thrown);
  });
  trace_failed(c, e.ops->message_name, text);
  // The others wait for what a failed object would have done.
  bounce(c, e, ask_error::handler_failed, text);
  destroy_frame(c);
  drop_current(c);
  end_handlers(c, ask_error::handler_failed, "another handler failed");
  destroy_object(c);
  return restart_or_finish(c, why);
}

void restart_with_others(cell& c) noexcept {
  if (c.extra == nullptr || c.extra->maker == nullptr ||
      c.closing.load(std::memory_order_relaxed) ||
      c.phase.load(std::memory_order_relaxed) == actor_phase::backing_off) {
    return;
  }
  end_handlers(c, ask_error::handler_failed,
               "restarted with another one that failed");
  destroy_object(c);
  back_off(c, c.extra->supervisor->pause_of_others());
}

bool fail_by_link(cell& c, const reason_chain& why) noexcept {
  reason_chain mine;
  if_memory_allows([&] {
    mine.push_back("actor '" + std::string{cell_name{c}.view()} +
                   "' failed with one that it is linked to");
    mine.insert(mine.end(), why.begin(), why.end());
    if (mine.size() > most_reasons) mine.resize(most_reasons);
  });
  trace_failed(c, "", mine.empty() ? std::string_view{} : mine.front());
  end_handlers(c, ask_error::handler_failed,
               mine.empty() ? std::string_view{} : mine.front());
  destroy_object(c);
  return restart_or_finish(c, mine);
}

bool restart(cell& c) noexcept {
  try {
    construct(c, [&] { return c.extra->maker->make(); });
  } catch (...) {
    reason_chain why;
    if_memory_allows([&] {
      why = reason_of(c, "failed in its constructor", std::current_exception());
    });
    trace_failed(c, "", why.empty() ? std::string_view{} : why.front());
    end_wishes(c);
    return restart_or_finish(c, why);
  }
  c.phase.store(actor_phase::ready, std::memory_order_relaxed);
  arm_timers(c);
  c.extra->restarts.fetch_add(1, std::memory_order_relaxed);
  trace_restarted(c);
  return true;
}

namespace {

constexpr dead_reason to_dead_reason(ask_error why) noexcept {
  switch (why) {
    case ask_error::handler_failed:
      return dead_reason::handler_failed;
    case ask_error::out_of_memory:
      return dead_reason::out_of_memory;
    default:
      return dead_reason::receiver_stopped;
  }
}

}  // namespace

void bounce(cell& c, message::envelope& e, ask_error why,
            std::string_view text) noexcept {
  auto* const slot = message::reply_slot_of(e);
  if (slot != nullptr && answer_refused(*slot, why, text)) return;
  const cell_name name{c};
  c.pool->system().dead_letters().report(
      {e.generation == c.inlet.generation() ? name.view()
                                            : std::string_view{"stopped actor"},
       e.ops->message_name, to_dead_reason(why), text});
}

void end_message(message::envelope& e) noexcept {
  e.ops->destroy(e);
  // The block of one from the mailbox is the list's last node.
  if (e.kind != message::envelope_kind::message) message::free_envelope(e);
}

void drop_envelopes(message::envelope* e) noexcept {
  while (e != nullptr) {
    // relaxed: the list is the caller's.
    auto* const next = e->next.load(std::memory_order_relaxed);
    message::drop_envelope(*e);
    e = next;
  }
}

bool try_put_first(cell& c, message::envelope& e) noexcept {
  try {
    append_first(extra_of(c), e);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void report_drops(cell& c) noexcept {
  auto* const side = c.side.load(std::memory_order_relaxed);
  if (side == nullptr) return;
  const cell_name name{c};
  for (const auto& d : side->take_drops()) {
    c.pool->system().dead_letters().report(
        {name.view(), d.message, dead_reason::mailbox_full, "", d.count});
  }
}

reason_chain why_full(const cell& c) noexcept {
  reason_chain why;
  if_memory_allows([&] {
    why.push_back("actor '" + std::string{cell_name{c}.view()} +
                  "' was stopped: its mailbox of " +
                  std::to_string(c.inlet.bound().messages()) +
                  " messages was full");
    log(log_level::error, "actor", why.front());
  });
  return why;
}

reason_chain why_stopped(const cell& c) noexcept {
  reason_chain why;
  if (c.extra != nullptr && c.extra->supervisor != nullptr) {
    if_memory_allows([&] { why = c.extra->supervisor->reasons(); });
  }
  return why;
}

namespace {

void end_urgent(cell& c, message::envelope* first,
                std::string_view text) noexcept {
  while (first != nullptr) {
    // relaxed: the list is the caller's.
    auto* const next = first->next.load(std::memory_order_relaxed);
    if (message::is_message(first->kind)) {
      bounce(c, *first, ask_error::receiver_stopped, text);
      c.inlet.give_back(message::room_of(*first));
    }
    end_message(*first);
    first = next;
  }
}

void end_shelf(cell& c, std::string_view text) noexcept {
  auto* const side = c.side.load(std::memory_order_relaxed);
  if (side == nullptr) return;
  report_drops(c);
  while (auto* const e = side->take()) {
    bounce(c, *e, ask_error::receiver_stopped, text);
    end_message(*e);
  }
}

}  // namespace

void finish(cell& c, const reason_chain& why, std::string_view text) noexcept {
  auto& system = c.pool->system();
  const cell_handle self{&c, c.inlet.generation()};
  c.outlet.close(c.inlet);
  if (auto* const side = c.side.load(std::memory_order_relaxed)) side->close();
  end_handlers(c, ask_error::receiver_stopped, text);
  end_urgent(c, c.outlet.close_urgent(c.inlet), text);
  destroy_object(c);
  if (c.extra != nullptr) {
    end_urgent(c, std::exchange(c.extra->first_up, nullptr), text);
  }
  end_shelf(c, text);
  while (!c.outlet.is_drained(c.inlet)) {
    auto* const e = c.outlet.try_pop();
    if (e == nullptr) {
      // A sender is between its two stores.
      blocking::yield();
      continue;
    }
    bounce(c, *e, ask_error::receiver_stopped, text);
    c.inlet.give_back(message::room_of(*e));
    e->ops->destroy(*e);
  }
  // Of one whose spawn was refused nobody has heard.
  if (c.phase.load(std::memory_order_relaxed) != actor_phase::starting) {
    trace_stopped(c, why);
  }
  system.alarms().forget(c);
  system.forget_name(c);
  const auto& pool = *c.pool;
  std::string name;
  // relaxed: who watches from now on finds the generation changed.
  if (c.watched.load(std::memory_order_relaxed)) {
    if_memory_allows([&] { name = cell_name{c}.view(); });
  }
  // With the arguments kept for restarts. All of this before anybody learns of
  // the end.
  auto extra = take_extra(c);
  if (extra != nullptr && extra->supervisor != nullptr) {
    extra->supervisor->remove(self);
  }
  extra.reset();
  system.give_back_pool(pool);
  system.actor_stopped(&c);
  // The system may be about to end, but not before the thread that this is: a
  // worker is joined, any other is inside a call of the system.
  tell_watchers(self, name, why);
}

void construct(cell& c, const std::function<void*()>& make) {
  struct scope {
    explicit scope(cell& c) noexcept
        : before{std::exchange(constructing, &c)} {}
    ~scope() { constructing = before; }
    cell* before;
  };
  const scope during{c};
  c.object = make();
}

cell* cell_under_construction() noexcept { return constructing; }

}  // namespace commy::actors
