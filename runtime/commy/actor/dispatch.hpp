// commy/actor/dispatch.hpp: from an envelope to the handler of a class.
#pragma once

#include <commy/actor/answer.hpp>
#include <commy/actor/cell.hpp>
#include <commy/actor/handler.hpp>
#include <commy/actor/interleaved_set.hpp>
#include <commy/actor/message_traits.hpp>
#include <commy/actor/task.hpp>
#include <commy/message/envelope.hpp>

#include <new>
#include <type_traits>
#include <utility>

namespace commy::actors {

/// Answers the request in `e`; nothing for a notice.
template <class M, class R>
void complete_with(message::envelope& e, answered<R> reply) noexcept {
  if constexpr (request<M>) {
    answer_with(static_cast<message::request_envelope&>(e).reply,
                std::move(reply));
  }
}

template <class M>
void complete_task(promise_base& base, message::envelope& e) {
  using reply = reply_of<M>;
  auto& root = static_cast<promise<reply>&>(base);
  if constexpr (std::is_void_v<reply>) {
    root.take();
    complete_with<M>(e, answered<void>{});
  } else {
    complete_with<M>(e, answered<reply>{root.take()});
  }
}

/// Runs a handler's coroutine to its end or its first wait.
template <class M>
message::outcome start_task(cell& c, message::envelope& e,
                            task<reply_of<M>> work) {
  const auto frame = work.release();
  auto& root = frame.promise();
  root.complete = &complete_task<M>;
  c.root = &root;
  frame.resume();
  // relaxed: this thread wrote it.
  if (c.phase.load(std::memory_order_relaxed) == actor_phase::awaiting) {
    return message::outcome::suspended;
  }
  complete_task<M>(root, e);
  c.root = nullptr;
  frame.destroy();
  return message::outcome::finished;
}

/// The message in work, in a block that lives as long as it is: a mailbox frees
/// its own when it hands out the next one. Throws when there is no memory.
template <class M>
M& keep_current(cell& c, message::envelope& e) {
  if (e.kind != message::envelope_kind::message) {
    return message::payload_of<M>(e);
  }
  auto* const own = message::try_make_envelope(*e.ops, e.generation,
                                               message::payload_of<M>(e));
  if (own == nullptr) throw std::bad_alloc{};
  own->kind = message::envelope_kind::message_aside;
  if constexpr (request<M>) {
    static_cast<message::request_envelope*>(own)->reply =
        std::exchange(static_cast<message::request_envelope&>(e).reply, {});
  }
  e.ops->destroy(e);
  c.current = own;
  return message::payload_of<M>(*own);
}

/// As `start_task`, but that the actor goes on while the handler waits.
template <class M>
message::outcome start_interleaved(cell& c, task<reply_of<M>> work) {
  const auto frame = work.release();
  auto& root = frame.promise();
  root.complete = &complete_task<M>;
  root.interleaves = true;
  c.root = &root;
  frame.resume();
  if (leaves_waiting(c)) return message::outcome::suspended;
  complete_task<M>(root, *c.current);
  c.root = nullptr;
  frame.destroy();
  return message::outcome::finished;
}

template <class A, class M>
message::outcome run_handler(void* receiver, message::envelope& e) {
  auto& c = *static_cast<cell*>(receiver);
  auto& actor = *static_cast<A*>(c.object);
  auto& content = message::payload_of<M>(e);
  if constexpr (is_interleaved<handled_as<A, M>>) {
    auto& kept = keep_current<M>(c, e);
    return start_interleaved<M>(c, actor.on(std::move(kept)).release());
  } else if constexpr (is_task<handled_as<A, M>>) {
    return start_task<M>(c, e, actor.on(std::move(content)));
  } else if constexpr (std::is_void_v<handled_as<A, M>>) {
    actor.on(std::move(content));
    complete_with<M>(e, answered<void>{});
  } else {
    complete_with<M>(e, answered<reply_of<M>>{actor.on(std::move(content))});
  }
  return message::outcome::finished;
}

/// How A treats an M. One per pair and program (or plugin).
template <class A, class M>
  requires handles<A, M>
inline constexpr message::envelope_ops ops_of = ops_with<M>(&run_handler<A, M>);

template <class A>
void destroy_object(void* object) {
  delete static_cast<A*>(object);
}

template <class A>
constexpr auto protocol_of() -> std::span<const wire_entry> (*)() {
  if constexpr (requires { typename A::protocol; }) {
    return &A::protocol::template table<A>;
  } else {
    return nullptr;
  }
}

template <class A>
inline constexpr actor_type type_of{message::type_name<A>(), &typeid(A),
                                    &destroy_object<A>, protocol_of<A>()};

}  // namespace commy::actors
