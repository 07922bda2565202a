// commy/actor/actor.hpp: the base class of every actor.
#pragma once

#include <commy/actor/ask.hpp>
#include <commy/actor/cell_timers.hpp>
#include <commy/actor/lifecycle.hpp>
#include <commy/actor/ref.hpp>
#include <commy/actor/task.hpp>
#include <commy/actor/tell.hpp>
#include <commy/actor/timer_set.hpp>
#include <commy/actor/watch.hpp>

#include <gsl/gsl>

#include <chrono>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace commy {

/// How an actor stops.
enum class stop_mode : std::uint8_t {
  /// Takes no new message, handles those it has, then stops.
  drain,
  /// Stops after the handler that runs; a handler that waits is ended. Requests
  /// in the mailbox are answered `receiver_stopped`, other messages become dead
  /// letters.
  now
};

/// State that only its own turn touches. Derive publicly and write one public
/// `on` for each message:
///
///     struct add { using reply = int; int amount; };   // asks for an int
///     struct reset {};                                 // asks for nothing
///
///     class counter : public commy::actor {
///      public:
///       int on(add m) { return total_ += m.amount; }
///       void on(reset) { total_ = 0; }
///      private:
///       int total_ = 0;
///     };
///
/// One turn at a time runs, on whatever thread, and each sees what the one
/// before wrote: members need no lock. A handler that waits returns a `task`.
/// A handler that throws has failed: who asked is told, the message is dropped,
/// and the actor's supervisor restarts it, or it stops.
///
/// An object that no system has spawned works as a plain object, in a test for
/// instance; only the protected members below must not be called.
class actor {
public:
  actor(const actor&) = delete;
  actor& operator=(const actor&) = delete;

protected:
  actor() noexcept : cell_{actors::cell_under_construction()} {}
  ~actor() = default;

  /// A reference to this actor: `self(this)`. Also during construction.
  template <class A>
  [[nodiscard]] ref<A> self(const A* me) const noexcept {
    static_assert(std::is_base_of_v<actor, A>);
    Expects(static_cast<const actor*>(me) == this && cell_ != nullptr);
    return actors::access::make<ref<A>>(
        actors::cell_handle{cell_, cell_->inlet.generation()});
  }

  /// To be awaited in a task: `auto sum = co_await ask(sums_, add{2}, 50ms)`
  /// gives result<int, ask_error>. Exactly one answer comes, whatever happens
  /// to the other actor, and no later than the timeout, which is positive; one
  /// of a hundred ticks or more (0.1 to 1 s) is kept to a hundredth. Fails at
  /// once with `cycle` when the other waits for this actor itself. With g++ 12
  /// a message that owns memory and has no constructor of its own must be made
  /// in a statement before (else it does not compile):
  ///
  ///     look_up m{std::move(name)};
  ///     auto found = co_await ask(index_, moved(m), 50ms);
  template <class To, class Given>
  auto ask(const To& to, Given&& message, std::chrono::nanoseconds timeout) {
    using M = actors::message_in<Given>;
    static_assert(request<M>,
                  "commy: ask needs a message that says `using reply = X;`; "
                  "a message without an answer is told");
    Expects(cell_ != nullptr && actors::current_cell() == cell_ &&
            timeout.count() > 0);
    auto content = actors::message_from<Given>(std::forward<Given>(message));
    const auto& one = actors::access::receiver(to, content);
    return actors::ask_operation<M>{*cell_, actors::access::handle(one),
                                    actors::access::ops<M>(one),
                                    std::move(content), timeout};
  }

  /// To be awaited in a task: `auto sent = co_await tell(next_, item, 1s)`
  /// gives what `next_.tell(item)` does; but where the mailbox is full and its
  /// actor was spawned with `overflow::wait`, it waits for room, in the order
  /// in which senders came, until `timeout`, which is positive, has passed. So
  /// a pipeline runs at the pace of its slowest step. Fails at once with
  /// `cycle` when the other waits for this actor itself.
  template <class To, class Given>
  auto tell(const To& to, Given&& message, std::chrono::nanoseconds timeout) {
    using M = actors::message_in<Given>;
    Expects(cell_ != nullptr && actors::current_cell() == cell_ &&
            timeout.count() > 0);
    auto content = actors::message_from<Given>(std::forward<Given>(message));
    const auto& one = actors::access::receiver(to, content);
    return actors::tell_operation<M>{*cell_, actors::access::handle(one),
                                     actors::access::ops<M>(one),
                                     std::move(content), timeout};
  }

  /// To be awaited in a task: `co_await pause(50ms)`. The actor takes no
  /// message meanwhile, unless the task is `interleaved`. Kept as the timeout
  /// of an `ask` is. Requires: a positive time.
  auto pause(std::chrono::nanoseconds time) {
    Expects(cell_ != nullptr && actors::current_cell() == cell_ &&
            time.count() > 0);
    return actors::pause_operation{*cell_, time};
  }

  /// The time that this actor's system lives by, see `actor_system::now`.
  [[nodiscard]] std::chrono::nanoseconds now() const noexcept {
    Expects(cell_ != nullptr);
    return actors::time_of(*cell_);
  }

  /// Handles `message` once `wait` from now has passed, or zero: behind what
  /// runs, before what lies in the mailbox. No bound refuses it, and `cancel`
  /// before it is handled is in time. The timers of an actor end with its
  /// object: at a stop, a failure, a restart. At most 65,536; one more fails
  /// the handler. While a handler waits they wait, too.
  ///
  ///     retry_ = after(this, 50ms, retry{});
  ///
  /// With a `slack` it may come so much later, never earlier, and those of many
  /// actors at the same moments, so that a program that does little wakes
  /// rarely. Cost: about a microsecond.
  template <class A, class M>
  timer after(const A* me, std::chrono::nanoseconds wait, M message,
              std::chrono::nanoseconds slack = {}) {
    return add_timer(me, {wait, {}, slack}, std::move(message));
  }
  /// The same each time that `period` has passed. Times that pass while the
  /// actor is busy are made up for by one message; the later ones keep to the
  /// times of the first, which the slack may move. Requires: a positive period,
  /// an M that can be copied.
  template <class A, class M>
  timer every(const A* me, std::chrono::nanoseconds period, M message,
              std::chrono::nanoseconds slack = {}) {
    static_assert(std::is_copy_constructible_v<M>,
                  "commy: every tick is a copy of the message");
    Expects(period.count() > 0);
    return add_timer(me, {period, period, slack}, std::move(message));
  }
  /// Ends a timer; false when it is over. Its message is not handled any more.
  bool cancel(timer which) noexcept {
    Expects(cell_ != nullptr);
    return actors::cancel_timer(*cell_, which);
  }

  /// When `other` has ended, however it does, this actor handles a `stopped`
  /// with the answered number; soon, if it is gone already. No bound refuses
  /// it, and it may overtake messages that `other` has told. It comes once. A
  /// restart of `other` is no end; one of this actor ends its watches.
  template <class A, class To>
  watch_id watch(const A* me, const To& other) {
    static_assert(std::is_base_of_v<actor, A>);
    Expects(static_cast<const actor*>(me) == this && cell_ != nullptr);
    actors::require_handler<A, stopped>();
    if constexpr (handles<A, stopped>) {
      return actors::watch_by(*cell_, actors::access::handle(other),
                              &actors::ops_of<A, stopped>);
    } else {
      return {};
    }
  }
  /// Ends a watch. False when it is over; its `stopped` may come all the same
  /// if it was on its way.
  template <class To>
  bool unwatch(const To& other, watch_id which) {
    return actors::unwatch(actors::access::handle(other), which);
  }
  /// From now on, when one of the two fails for good, the other fails, too: in
  /// the midst of a wait if it waits, with the chain of reasons, and a
  /// supervisor may restart it. Who is stopped, or restarted, has not failed
  /// for good; a link outlives restarts of both.
  template <class To>
  void link(const To& other) {
    Expects(cell_ != nullptr);
    actors::link(*cell_, actors::access::handle(other));
  }

  /// Stops this actor after the current handler.
  void stop(stop_mode how = stop_mode::drain) noexcept {
    Expects(cell_ != nullptr);
    actors::signal({cell_, cell_->inlet.generation()},
                   how == stop_mode::drain ? message::mailbox_signal::drain
                                           : message::mailbox_signal::stop_now);
  }

  /// Fails the current handler, as a throw does.
  [[noreturn]] static void fail(std::string_view reason) {
    throw actor_failure{std::string{reason}};
  }

private:
  template <class A, class M>
  timer add_timer(const A* me, const actors::timer_times& times, M message) {
    static_assert(std::is_base_of_v<actor, A>);
    Expects(static_cast<const actor*>(me) == this && cell_ != nullptr &&
            actors::current_cell() == cell_ && times.wait.count() >= 0 &&
            times.slack.count() >= 0);
    actors::require_handler<A, M>();
    if constexpr (handles<A, M>) {
      return actors::add_timer(*cell_, times,
                               std::make_unique<actors::timed_content<M>>(
                                   actors::ops_of<A, M>, std::move(message)));
    } else {
      return {};
    }
  }

  actors::cell* cell_;
};

}  // namespace commy
