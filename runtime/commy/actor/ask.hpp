// commy/actor/ask.hpp: asking another actor, with an answer in any case.
#pragma once

#include <commy/actor/answer.hpp>
#include <commy/actor/errors.hpp>
#include <commy/actor/handler.hpp>
#include <commy/actor/send.hpp>
#include <commy/base/result.hpp>

#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace commy {

/// A message to be moved out of a variable, see `moved`.
template <class M>
struct moved_message {
  M* from;
};

/// `co_await ask(to, moved(m), 1s)` is `co_await ask(to, std::move(m), 1s)`. To
/// be used where g++ 12 must not see the latter: see `actor::ask`.
template <class M>
moved_message<M> moved(M& message) noexcept {
  return {&message};
}

}  // namespace commy

namespace commy::actors {

class system_core;

template <class M>
struct awaited_message {
  using type = M;
};
template <class M>
struct awaited_message<moved_message<M>> {
  using type = M;
};
/// The type of the message that is given as a `Given`.
template <class Given>
using message_in = typename awaited_message<std::remove_cvref_t<Given>>::type;

/// g++ before 13 makes an aggregate that is a part of a co_await from copies of
/// its members, bit by bit, and destroys both. `Given`: as of a forwarding
/// reference, so an lvalue is a variable, which is made by another statement.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <class Given>
inline constexpr bool may_be_awaited =
    std::is_lvalue_reference_v<Given> ||
    !std::is_aggregate_v<std::remove_cvref_t<Given>> ||
    std::is_trivially_destructible_v<std::remove_cvref_t<Given>>;
#else
template <class Given>
inline constexpr bool may_be_awaited = true;
#endif

/// The message, to be kept by an operation.
template <class Given>
message_in<Given> message_from(Given&& given) {
  static_assert(
      may_be_awaited<Given>,
      "commy: g++ 12 destroys a message twice that owns memory, has no "
      "constructor of its own, and is made or moved inside of a co_await. Make "
      "it in a statement before and await ask(to, m, ...) to copy it or "
      "ask(to, commy::moved(m), ...) to move it; or give it a constructor");
  if constexpr (std::is_same_v<std::remove_cvref_t<Given>,
                               moved_message<message_in<Given>>>) {
    return std::move(*given.from);
  } else {
    return std::forward<Given>(given);
  }
}

/// One wait of one handler. Lives in the frame of the waiting coroutine.
struct pending_ask {
  pending_ask() = default;
  // Once it waits, others know where it is.
  pending_ask(pending_ask&&) = default;
  pending_ask& operator=(pending_ask&&) = delete;
  ~pending_ask() {
    if (answer != nullptr) message::drop_envelope(*answer);
  }

  std::coroutine_handle<> waiter;
  /// Who is to be answered.
  message::reply_slot slot;
  /// The answer, owned; null while there is none, or with `failed`.
  message::envelope* answer = nullptr;
  std::optional<ask_error> failed;
};

/// Makes the handler that runs in `me` wait for `target` until `timeout` has
/// passed. Fails with `cycle` when it waits alone and `target` is `me`, or
/// waits for it over whatever number of actors: all of them would only wait.
/// Owner of `me` only. Cost: one fence, one clock.
std::optional<ask_error> begin_wait(cell& me, pending_ask& wait, cell& target,
                                    std::chrono::nanoseconds timeout) noexcept;
/// Undoes `begin_wait` for a request that was not accepted.
void cancel_wait(cell& me, const pending_ask& wait) noexcept;

constexpr ask_error to_ask_error(sent refusal) noexcept {
  switch (refusal) {
    case sent::full:
      return ask_error::mailbox_full;
    case sent::out_of_memory:
      return ask_error::out_of_memory;
    case sent::stopped:
    case sent::accepted:
    case sent::waits:
      break;
  }
  return ask_error::receiver_stopped;
}

template <class R>
result<R, ask_error> reply_in(answered<R>& box) noexcept {
  if constexpr (std::is_void_v<R>) {
    return {};
  } else {
    return std::move(box.value);
  }
}

/// What `co_await ask(...)` works on. Nothing is sent before it is awaited.
template <class M>
class [[nodiscard]] ask_operation : private pending_ask {
public:
  using reply = reply_of<M>;

  ask_operation(cell& me, const cell_handle& to,
                const message::envelope_ops* ops, M&& content,
                std::chrono::nanoseconds timeout) noexcept
      : me_{&me},
        to_{to},
        ops_{ops},
        content_{std::move(content)},
        timeout_{timeout} {}
  /// Requires: not awaited yet.
  ask_operation(ask_operation&& other) noexcept = default;
  ask_operation& operator=(ask_operation&&) = delete;

  bool await_ready() const noexcept { return false; }

  // False resumes at once: the request was refused and is answered so.
  bool await_suspend(std::coroutine_handle<> handler) noexcept {
    waiter = handler;
    failed = ask_error::receiver_stopped;
    // A default address has no code for its messages, and nobody to run it.
    if (ops_ == nullptr) return false;
    failed = begin_wait(*me_, *this, *to_.at, timeout_);
    if (failed) return false;
    const auto how = try_send(to_, *ops_, content_, slot);
    if (how == sent::accepted) return true;
    cancel_wait(*me_, *this);
    failed = to_ask_error(how);
    return false;
  }

  result<reply, ask_error> await_resume() noexcept {
    if (failed) return unexpected{*failed};
    if (answer->kind == message::envelope_kind::refusal) {
      const auto& refusal = message::payload_of<refused>(*answer);
      return unexpected{refusal.why, refusal.text.view()};
    }
    return reply_in(message::payload_of<answered<reply>>(*answer));
  }

private:
  cell* me_;
  cell_handle to_;
  const message::envelope_ops* ops_;
  M content_;
  std::chrono::nanoseconds timeout_;
};

/// What `co_await pause(...)` is: a wait for nobody, which its timeout ends.
class [[nodiscard]] pause_operation : pending_ask {
public:
  pause_operation(cell& me, std::chrono::nanoseconds time) noexcept
      : me_{&me}, time_{time} {}

  bool await_ready() const noexcept { return false; }
  // False resumes at once: there is no memory for the wait.
  bool await_suspend(std::coroutine_handle<> handler) noexcept {
    waiter = handler;
    return !begin_wait(*me_, *this, nobody, time_);
  }
  void await_resume() const noexcept {}

private:
  cell* me_;
  std::chrono::nanoseconds time_;
};

/// Waits for an answer on a plain thread; false when it has not come in time.
bool wait_answered(system_core& system, thread_wait& answer,
                   std::chrono::nanoseconds at_most);

/// Asks from a plain thread and blocks it.
template <class M>
result<reply_of<M>, ask_error> ask_blocking(system_core& system,
                                            const cell_handle& to,
                                            const message::envelope_ops& ops,
                                            M&& content,
                                            std::chrono::nanoseconds timeout) {
  using reply = reply_of<M>;
  if (current_cell() != nullptr) return unexpected{ask_error::inside_handler};
  auto* const wait = new thread_wait_for<reply>;
  const auto how = try_send(to, ops, content, slot_for(*wait));
  if (how != sent::accepted) {
    wait->drop();
    wait->drop();
    return unexpected{to_ask_error(how)};
  }
  // Gives up the thread's share on every way out.
  const std::unique_ptr<thread_wait, void (*)(thread_wait*)> share{
      wait, [](thread_wait* w) { w->drop(); }};
  if (!wait_answered(system, *wait, timeout)) {
    return unexpected{ask_error::timeout};
  }
  if (auto* const reply_box = wait->reply()) return reply_in(*reply_box);
  return unexpected{wait->refusal().why, wait->refusal().text.view()};
}

}  // namespace commy::actors
