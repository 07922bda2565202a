// commy/actor/tell.hpp: telling an actor, and waiting for room if need be.
#pragma once

#include <commy/actor/ask.hpp>
#include <commy/actor/ref.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/actor/told.hpp>

#include <gsl/gsl>

#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace commy::actors {

/// Puts `w.e` into the mailbox, or lets it wait for room there.
sent put_or_wait(const cell_handle& to, room_wait& w) noexcept;

/// The message of a sender that waits for room.
template <sendable M>
class waiting_message {
public:
  /// `ops` null: to nobody.
  waiting_message(const cell_handle& to, const message::envelope_ops* ops,
                  M&& content) noexcept
      : to_{to}, ops_{ops}, content_{std::move(content)} {}
  /// Requires: not sent yet.
  waiting_message(waiting_message&&) noexcept = default;
  waiting_message& operator=(waiting_message&&) = delete;
  ~waiting_message() { take_back(); }

  [[nodiscard]] sent try_now() noexcept {
    if (ops_ == nullptr) return sent::stopped;
    return try_send(to_, *ops_, *content_);
  }
  /// Requires: `try_now` said full. `accepted`: it is inside. `waits`: `slot`
  /// will be answered.
  [[nodiscard]] sent wait(const message::reply_slot& slot) noexcept {
    wait_.e = message::try_make_envelope(*ops_, to_.generation, *content_);
    if (wait_.e == nullptr) return sent::out_of_memory;
    wait_.e->kind = message::envelope_kind::message_aside;
    content_.reset();
    wait_.slot = slot;
    return put_or_wait(to_, wait_);
  }
  /// Ends the wait; false when it is over already, and `slot` is answered.
  bool stop_waiting() noexcept {
    return wait_.in != nullptr && wait_.in->withdraw(wait_);
  }
  /// Requires: it does not wait any more.
  [[nodiscard]] bool has_entered() const noexcept {
    return wait_.now == room_wait::fate::entered;
  }
  /// Requires: it is not inside.
  [[nodiscard]] told<M> refused(tell_error why) noexcept {
    take_back();
    return {why, std::move(*content_)};
  }

private:
  void take_back() noexcept {
    if (wait_.e == nullptr) return;
    stop_waiting();
    if (has_entered()) return;
    auto& e = *std::exchange(wait_.e, nullptr);
    content_.emplace(std::move(message::payload_of<M>(e)));
    message::drop_envelope(e);
  }

  cell_handle to_;
  const message::envelope_ops* ops_;
  std::optional<M> content_;
  room_wait wait_;
};

/// What `co_await tell(to, message, timeout)` is.
template <class M>
class [[nodiscard]] tell_operation : pending_ask {
public:
  tell_operation(cell& me, const cell_handle& to,
                 const message::envelope_ops* ops, M&& content,
                 std::chrono::nanoseconds timeout) noexcept
      : me_{&me},
        to_{to},
        message_{to, ops, std::move(content)},
        timeout_{timeout} {}

  bool await_ready() const noexcept { return false; }

  // False resumes at once: it is inside, or refused.
  bool await_suspend(std::coroutine_handle<> handler) noexcept {
    const auto how = message_.try_now();
    if (how == sent::accepted) return false;
    why_ = to_tell_error(how);
    // relaxed: see the cell.
    if (how != sent::full ||
        to_.at->when_full.load(std::memory_order_relaxed) != overflow::wait) {
      return false;
    }
    waiter = handler;
    if (const auto cannot = begin_wait(*me_, *this, *to_.at, timeout_)) {
      why_ = *cannot == ask_error::cycle ? tell_error::cycle
                                         : tell_error::out_of_memory;
      return false;
    }
    const auto put = message_.wait(slot);
    if (put == sent::waits) return true;
    cancel_wait(*me_, *this);
    why_ = to_tell_error(put);
    if (put == sent::accepted) why_.reset();
    return false;
  }

  told<M> await_resume() noexcept {
    if (answer != nullptr) {
      why_.reset();
      if (answer->kind == message::envelope_kind::refusal) {
        why_ = tell_error::stopped;
      }
    } else if (failed) {
      message_.stop_waiting();
      if (message_.has_entered()) why_.reset();  // Just in time.
    }
    if (!why_) return {};
    return message_.refused(*why_);
  }

private:
  cell* me_;
  cell_handle to_;
  waiting_message<M> message_;
  std::chrono::nanoseconds timeout_;
  std::optional<tell_error> why_;
};

/// Tells from a plain thread and blocks it while there is no room.
template <class M>
told<M> tell_blocking(system_core& system, const cell_handle& to,
                      const message::envelope_ops* ops, M content,
                      std::chrono::nanoseconds timeout) {
  Expects(timeout.count() > 0);
  if (current_cell() != nullptr) {
    return {tell_error::inside_handler, std::move(content)};
  }
  waiting_message<M> message{to, ops, std::move(content)};
  const auto how = message.try_now();
  if (how == sent::accepted) return {};
  // relaxed: see the cell.
  if (how != sent::full ||
      to.at->when_full.load(std::memory_order_relaxed) != overflow::wait) {
    return message.refused(to_tell_error(how));
  }
  auto* const wait = new thread_wait_for<void>;
  // Gives up the thread's share on every way out.
  const std::unique_ptr<thread_wait, void (*)(thread_wait*)> share{
      wait, [](thread_wait* w) { w->drop(); }};
  const auto put = message.wait(slot_for(*wait));
  if (put != sent::waits) {
    wait->drop();  // Nobody will answer.
    if (put == sent::accepted) return {};
    return message.refused(to_tell_error(put));
  }
  if (!wait_answered(system, *wait, timeout) && message.stop_waiting()) {
    wait->drop();  // Nor now.
    return message.refused(tell_error::mailbox_full);
  }
  message.stop_waiting();
  if (message.has_entered()) return {};
  return message.refused(tell_error::stopped);
}

}  // namespace commy::actors
