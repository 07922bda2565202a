// commy/actor/send.hpp: puts one message into one actor's mailbox.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/message_traits.hpp>

#include <memory>
#include <new>

namespace commy::actors {

enum class sent : std::uint8_t {
  accepted,
  full,
  stopped,
  out_of_memory,
  waits  ///< For room; only where the sender asked for that.
};

/// Deals with a message that found no room, as the receiver's policy says.
/// Unless accepted, `e` stays with the caller. Threads: any.
sent overflow_with(const cell_handle& to, message::envelope& e) noexcept;

/// Puts a message into the mailbox, for which room was reserved, or not
/// (`fits`). Unless accepted, `e` stays with the caller, and no room is taken.
inline sent enqueue(const cell_handle& to, message::envelope& e,
                    message::room amount, bool fits) noexcept {
  if (!fits) [[unlikely]] {
    // relaxed: see the cell.
    if (to.at->when_full.load(std::memory_order_relaxed) == overflow::reject) {
      return sent::full;
    }
    e.kind = message::envelope_kind::message_aside;
    return overflow_with(to, e);
  }
  auto& inlet = to.at->inlet;
  auto how = message::pushed::closed;
  if (!e.ops->is_urgent) [[likely]] {
    how = inlet.push(e);
  } else if (!inlet.is_closed()) {
    // One that comes while the mailbox closes is a dead letter.
    e.kind = message::envelope_kind::message_aside;
    how = inlet.push_urgent(e);
  }
  if (how == message::pushed::woke) schedule(*to.at);
  if (how != message::pushed::closed) return sent::accepted;
  inlet.give_back(amount);
  return sent::stopped;
}

/// Puts an M back to where it was taken from, from an envelope that was not
/// accepted, and frees that. Rebuilt in place: a message need not be
/// assignable.
template <sendable M>
void take_back(message::envelope& e, M& content) noexcept {
  std::destroy_at(&content);
  std::construct_at(&content, std::move(message::payload_of<M>(e)));
  message::drop_envelope(e);
}

/// An envelope around the content, with who is to be answered; null without
/// memory, and then the content is as before.
template <sendable M>
message::envelope* try_make_message(const cell_handle& to,
                                    const message::envelope_ops& ops,
                                    M& content,
                                    message::reply_slot reply) noexcept {
  auto* const e = message::try_make_envelope(ops, to.generation, content);
  if constexpr (request<M>) {
    if (e != nullptr) static_cast<message::request_envelope*>(e)->reply = reply;
  }
  return e;
}

/// What `try_send` does for messages that own memory: only the receiver's code
/// says how much that is, and it looks at envelopes.
template <sendable M>
sent try_send_weighed(const cell_handle& to, const message::envelope_ops& ops,
                      M& content, message::reply_slot reply) noexcept {
  auto* const e = try_make_message(to, ops, content, reply);
  if (e == nullptr) return sent::out_of_memory;
  const auto amount = message::room_of(*e);
  const auto how = enqueue(to, *e, amount, to.at->inlet.try_reserve(amount));
  if (how != sent::accepted) take_back(*e, content);
  return how;
}

/// Moves `content` into the mailbox; unless accepted, `content` is as before.
/// Threads: any. Cost: a block of this thread's pool, one relaxed add and one
/// exchange on the receiver's line; a wake-up when it was idle.
template <sendable M>
sent try_send(const cell_handle& to, const message::envelope_ops& ops,
              M& content, message::reply_slot reply = {}) noexcept {
  auto& inlet = to.at->inlet;
  if (inlet.generation() != to.generation) return sent::stopped;
  if (ops.outside_bytes != nullptr) {
    return try_send_weighed(to, ops, content, reply);
  }
  const message::room amount{1, ops.block_bytes};
  const bool fits = inlet.try_reserve(amount);
  // Before a block is filled for nothing. relaxed: see the cell.
  if (!fits &&
      to.at->when_full.load(std::memory_order_relaxed) == overflow::reject) {
    return sent::full;
  }
  auto* const e = try_make_message(to, ops, content, reply);
  if (e == nullptr) {
    if (fits) inlet.give_back(amount);
    return sent::out_of_memory;
  }
  const auto how = enqueue(to, *e, amount, fits);
  if (how != sent::accepted) take_back(*e, content);
  return how;
}

}  // namespace commy::actors
