#include <commy/actor/actor_pool.hpp>
#include <commy/actor/alarm_clock.hpp>
#include <commy/actor/ask.hpp>
#include <commy/actor/cell_extra.hpp>
#include <commy/actor/cell_timers.hpp>
#include <commy/actor/lifecycle.hpp>
#include <commy/actor/observe.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/task.hpp>
#include <commy/actor/turn.hpp>
#include <commy/actor/watch.hpp>
#include <commy/base/blocking.hpp>
#include <commy/platform/thread_hint.hpp>

#include <exception>
#include <utility>

namespace commy::actors {
namespace {

constinit thread_local cell* running = nullptr;

constexpr std::int64_t ns_per_turn = 500'000;
// A look at the clock costs as much as a short message, so a turn looks after
// its first message and then after each eighth; it may overrun by eight.
constexpr std::uint32_t messages_per_look = 8;
// A sender between its two stores needs some ten instructions. One that lost
// its core there is not waited for: the actor goes to the end of the queue.
constexpr int looks_at_gap = 32;

using message::mailbox_signal;
using message::outcome;

constexpr bool has(std::uint32_t signals, mailbox_signal one) noexcept {
  return (signals & static_cast<std::uint32_t>(one)) != 0;
}

/// For an actor that was in this cell before. Out of line: with it a turn's
/// main path is more than g++ inlines.
[[gnu::noinline]] void return_stale(cell& c, message::envelope& e) noexcept {
  bounce(c, e, ask_error::receiver_stopped, "");
  end_message(e);
}

/// One turn of one actor. The functions that return false have ended the actor
/// or given up the right to run it; nothing of the cell is touched afterwards.
class turn {
public:
  explicit turn(cell& c) noexcept : cell_{c} {}

  enum class step { again, requeue, over };

  step next() noexcept {
    if (const auto raised = cell_.outlet.signals(cell_.inlet)) {
      if (!obey(raised)) return step::over;
      if (std::exchange(timer_rang_, false)) {
        return is_used_up() ? pause() : step::again;
      }
    }
    if (cell_.outlet.has_urgent(cell_.inlet) && !take_answers()) {
      return step::over;
    }
    if (takes_no_messages()) return wait();
    if (cell_.extra != nullptr && has_ready_handler()) {
      if (!resume_beside_others()) return step::over;
      return is_used_up() ? pause() : step::again;
    }
    auto* const e = take_message();
    if (e == nullptr) return rest();
    if (!handle(*e)) return step::over;
    return is_used_up() ? pause() : step::again;
  }

private:
  [[nodiscard]] alarm_clock& clock() const noexcept {
    return cell_.pool->system().alarms();
  }
  [[nodiscard]] actor_phase phase() const noexcept {
    return cell_.phase.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool takes_no_messages() const noexcept {
    return phase() == actor_phase::awaiting ||
           phase() == actor_phase::backing_off;
  }

  bool obey(std::uint32_t raised) noexcept {
    cell_.outlet.clear_signals(cell_.inlet, raised);
    if (has(raised, mailbox_signal::stop_now)) return end();
    if (has(raised, mailbox_signal::overflow)) return end_full();
    if (has(raised, mailbox_signal::mail)) report_drops(cell_);
    if (has(raised, mailbox_signal::drain)) {
      cell_.closing.store(true, std::memory_order_relaxed);
      cell_.outlet.close(cell_.inlet);
      if (auto* const side = shelf_of()) side->close();
      // Without an object nothing can be drained.
      if (phase() == actor_phase::backing_off) return end();
    }
    if (has(raised, mailbox_signal::restart)) {
      pay();
      restart_with_others(cell_);
    }
    return !has(raised, mailbox_signal::alarm) || ring();
  }

  /// The deadline may have passed; alarms may also come for nothing.
  bool ring() noexcept {
    if (clock().now() < cell_.deadline.load(std::memory_order_relaxed)) {
      return true;
    }
    if (phase() == actor_phase::backing_off) return restart(cell_);
    if (phase() != actor_phase::awaiting) {
      if (cell_.extra != nullptr && cell_.extra->interleaved != nullptr) {
        cell_.extra->interleaved->expire(clock().now());
      }
      // Its timers are due. One at a time, each like a message.
      return handle_due();
    }
    auto ask = cell_.asks;
    COMMY_POINT("turn.timeout");
    // acq_rel: whoever takes the number gives the answer. If it is gone, the
    // reply is in our lane already or will be in a moment.
    if (!cell_.waiting_ask.compare_exchange_strong(
            ask, 0, std::memory_order_acq_rel, std::memory_order_relaxed)) {
      return true;
    }
    cell_.awaiting->failed = ask_error::timeout;
    return resume();
  }

  bool handle_due() noexcept {
    if (cell_.extra == nullptr || cell_.extra->timers == nullptr) {
      arm_timers(cell_);
      return true;
    }
    auto& timers = *cell_.extra->timers;
    const auto now = clock().now();
    const auto generation = cell_.inlet.generation();
    auto* const e = timers.take_due(now, generation);
    // Before the handler, which may wait: then this is done again behind it.
    if (timers.earliest() <= now) {
      // We see it ourselves; the clock's thread need not tell us.
      static_cast<void>(cell_.inlet.raise(generation, mailbox_signal::alarm));
    } else {
      arm_timers(cell_);
    }
    if (e == nullptr) return true;
    timer_rang_ = true;
    return handle(*e);
  }

  [[nodiscard]] shelf* shelf_of() const noexcept {
    // relaxed: the owner wrote it.
    return cell_.side.load(std::memory_order_relaxed);
  }

  /// What is to be handled next; null when there is nothing.
  message::envelope* take_message() noexcept {
    if (auto* const first = take_first_up()) return first;
    if (auto* const side = shelf_of()) [[unlikely]] {
      if (auto* const e = side->take()) return e;
    }
    auto* const e = cell_.outlet.try_pop();
    if (e == nullptr) return nullptr;
    gap_looks_ = 0;
    unpaid_ += message::room_of(*e);
    return e;
  }

  /// The news of an end, or an urgent message.
  message::envelope* take_first_up() noexcept {
    if (cell_.extra == nullptr || cell_.extra->first_up == nullptr) {
      return nullptr;
    }
    auto* const e = cell_.extra->first_up;
    // relaxed: the list is ours.
    cell_.extra->first_up = e->next.load(std::memory_order_relaxed);
    if (message::is_message(e->kind)) unpaid_ += message::room_of(*e);
    return e;
  }

  bool take_answers() noexcept {
    auto* e = set_messages_aside(cell_.outlet.take_urgent(cell_.inlet));
    while (e != nullptr) {
      // relaxed: the list is ours.
      auto* const next = e->next.load(std::memory_order_relaxed);
      if (!take_urgent(*e)) {
        drop_envelopes(next);
        return false;
      }
      e = next;
    }
    return true;
  }

  /// Of what came past the mailbox, messages go where they are found whatever
  /// the rest brings, perhaps the actor's end. Returns the rest.
  message::envelope* set_messages_aside(message::envelope* e) noexcept {
    message::envelope_link rest;
    auto* last = &rest;
    while (e != nullptr) {
      // relaxed: the lists are ours.
      auto* const next = e->next.load(std::memory_order_relaxed);
      if (message::is_message(e->kind)) {
        if (e->generation != cell_.inlet.generation() ||
            !try_put_first(cell_, *e)) {
          turn_away(*e);
        }
      } else {
        last->next.store(e, std::memory_order_relaxed);
        e->next.store(nullptr, std::memory_order_relaxed);
        last = e;
      }
      e = next;
    }
    return rest.next.load(std::memory_order_relaxed);
  }

  /// An urgent message that cannot be handled.
  void turn_away(message::envelope& e) noexcept {
    const bool ours = e.generation == cell_.inlet.generation();
    bounce(cell_, e,
           ours ? ask_error::out_of_memory : ask_error::receiver_stopped, "");
    cell_.inlet.give_back(message::room_of(e));
    end_message(e);
  }

  bool take_urgent(message::envelope& e) noexcept {
    if (e.generation != cell_.inlet.generation()) {
      end_message(e);  // For an actor that was in this cell before.
      return true;
    }
    return e.kind == message::envelope_kind::notice ? notice(e)
                                                    : take_answer(e);
  }

  bool take_answer(message::envelope& e) noexcept {
    const auto& what = static_cast<message::request_envelope&>(e).reply;
    if ((what.who & interleaved_tag) == 0) {
      // Not one to an earlier object's handler, claimed before that ended.
      if (phase() == actor_phase::awaiting &&
          cell_.awaiting->slot.id == what.id) {
        cell_.awaiting->answer = &e;
        return resume();
      }
    } else if (cell_.extra != nullptr && cell_.extra->interleaved != nullptr &&
               cell_.extra->interleaved->answer(what.id, e)) {
      return true;  // Resumed in its turn.
    }
    end_message(e);  // Too late.
    return true;
  }

  /// Another actor has ended. Kept until no handler waits.
  bool notice(message::envelope& e) noexcept {
    if (e.ops == &link_ops) {
      const auto broken = std::move(message::payload_of<link_broken>(e));
      const auto& why = broken.reasons;
      end_message(e);
      if (broken.is_own_end) {
        pay();
        finish(cell_, why, broken.text);
        return false;
      }
      // Failed itself already.
      if (phase() == actor_phase::backing_off) return true;
      pay();
      return fail_by_link(cell_, why);
    }
    // Who watches has an extra since then.
    if (cell_.extra == nullptr || e.life != cell_.extra->life ||
        !try_put_first(cell_, e)) {
      end_message(e);
    }
    return true;
  }

  [[nodiscard]] bool has_ready_handler() const noexcept {
    return cell_.extra->interleaved != nullptr &&
           cell_.extra->interleaved->has_ready();
  }

  /// Goes on with a handler that waited while others ran.
  bool resume_beside_others() noexcept {
    const auto h = cell_.extra->interleaved->take_ready();
    cell_.root = h.root;
    cell_.current = h.current;
    cell_.handling.store(h.current->ops, std::memory_order_relaxed);
    arm_timers(cell_);
    return go_on(*h.awaiting);
  }

  bool resume() noexcept {
    const auto& wait = *std::exchange(cell_.awaiting, nullptr);
    cell_.phase.store(actor_phase::ready, std::memory_order_relaxed);
    arm_timers(cell_);
    return go_on(wait);
  }

  /// To the handler's end, or its next wait.
  bool go_on(const pending_ask& wait) noexcept {
    try {
      const auto how = cell_.pool->is_observed() ? resume_observed(cell_, wait)
                                                 : resume_handler(cell_, wait);
      if (how == outcome::suspended) return true;
    } catch (...) {
      return fail();
    }
    std::exchange(cell_.root, nullptr)->self.destroy();
    close_message();
    return true;
  }

  bool handle(message::envelope& e) noexcept {
    if (e.generation != cell_.inlet.generation()) {
      return_stale(cell_, e);
      return true;
    }
    cell_.current = &e;
    cell_.handling.store(e.ops, std::memory_order_relaxed);
    try {
      const auto how = cell_.pool->is_observed() ? run_observed(cell_, e)
                                                 : e.ops->run(&cell_, e);
      if (how == outcome::suspended) return true;
    } catch (...) {
      return fail();
    }
    close_message();
    return true;
  }

  void close_message() noexcept {
    end_message(*std::exchange(cell_.current, nullptr));
    cell_.handling.store(nullptr, std::memory_order_relaxed);
    cell_.handled.store(cell_.handled.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  }

  bool fail() noexcept {
    pay();
    return fail_current(cell_, std::current_exception());
  }

  bool end() noexcept {
    pay();
    finish(cell_, why_stopped(cell_));
    return false;
  }

  /// A message was refused, and the actor's policy is to end then.
  bool end_full() noexcept {
    pay();
    finish(cell_, why_full(cell_));
    return false;
  }

  /// Gives back the room of the messages taken out, all at once.
  void pay() noexcept {
    if (unpaid_.word() > 0) cell_.inlet.give_back(std::exchange(unpaid_, {}));
  }

  bool is_used_up() noexcept {
    ++taken_;
    if (taken_ == cell_.pool->turn_messages()) return true;
    if (taken_ == 1) return false;
    if (taken_ == 2) {
      began_ns_ = alarm_clock::steady_now();
      return false;
    }
    return taken_ % messages_per_look == 0 &&
           alarm_clock::steady_now() - began_ns_ >= ns_per_turn;
  }

  step pause() noexcept {
    pay();
    return step::requeue;
  }

  /// Waits for an answer, an alarm or an order to stop.
  step wait() noexcept {
    pay();
    if (!cell_.outlet.try_wait(cell_.inlet)) return step::again;
    return give_up_right();
  }

  /// No message is there, or none that is linked.
  step rest() noexcept {
    if (cell_.closing.load(std::memory_order_relaxed)) {
      if (cell_.outlet.is_drained(cell_.inlet)) {
        // What has begun is ended, too.
        if (has_waiting_handlers()) return wait();
        end();
        return step::over;
      }
    } else {
      pay();
      if (cell_.outlet.try_idle(cell_.inlet)) return give_up_right();
    }
    if (++gap_looks_ < looks_at_gap) {
      platform::cpu_relax();
      return step::again;
    }
    pay();
    blocking::yield();
    return step::requeue;
  }

  [[nodiscard]] bool has_waiting_handlers() const noexcept {
    return cell_.extra != nullptr && cell_.extra->interleaved != nullptr &&
           !cell_.extra->interleaved->is_empty();
  }

  /// The right is given up already; takes it back if something came meanwhile.
  /// If we get it the cell may be another actor's by now, even one of another
  /// system: so it is scheduled where it belongs.
  step give_up_right() noexcept {
    if ((cell_.outlet.signals(cell_.inlet) != 0 ||
         cell_.outlet.has_urgent(cell_.inlet)) &&
        cell_.inlet.try_wake()) {
      schedule(cell_);
    }
    return step::over;
  }

  cell& cell_;
  std::uint32_t taken_ = 0;
  message::room unpaid_;
  int gap_looks_ = 0;
  bool timer_rang_ = false;
  std::int64_t began_ns_ = 0;
};

}  // namespace

turn_scope::turn_scope(cell& c) noexcept
    : before_{std::exchange(running, &c)} {}
turn_scope::~turn_scope() { running = before_; }

cell* current_cell() noexcept { return running; }

void settle(cell& c) noexcept {
  c.phase.store(actor_phase::ready, std::memory_order_relaxed);
  const bool idle = c.outlet.try_idle(c.inlet);
  const bool untouched =
      idle && c.outlet.signals(c.inlet) == 0 && !c.outlet.has_urgent(c.inlet);
  if (!idle || (!untouched && c.inlet.try_wake())) schedule(c);
}

bool run_turn(cell& c) noexcept {
  const turn_scope inside{c};
  turn t{c};
  for (;;) {
    switch (t.next()) {
      case turn::step::again:
        break;
      case turn::step::requeue:
        return true;
      case turn::step::over:
        return false;
    }
  }
}

}  // namespace commy::actors
