// commy/actor/send.hpp: puts one message into one actor's mailbox.
#pragma once

#include <commy/actor/cell.hpp>

#include <memory>
#include <new>

namespace commy::actors {

enum class sent : std::uint8_t { accepted, full, stopped, out_of_memory };

/// Moves `content` into the mailbox; unless accepted, `content` is as before.
/// Threads: any. Cost: a block of this thread's pool, one relaxed add and one
/// exchange on the receiver's line; a wake-up when it was idle.
template <sendable M>
sent try_send(const cell_handle& to, const message::envelope_ops& ops,
              M& content, message::reply_slot reply = {}) noexcept {
  auto& inlet = to.at->inlet;
  if (inlet.generation() != to.generation) return sent::stopped;
  if (!inlet.try_reserve()) return sent::full;
  auto* const e = message::try_make_envelope(ops, to.generation, content);
  if (e == nullptr) {
    inlet.give_back(1);
    return sent::out_of_memory;
  }
  if constexpr (request<M>) {
    static_cast<message::request_envelope*>(e)->reply = reply;
  }
  switch (inlet.push(*e)) {
    case message::pushed::queued:
      return sent::accepted;
    case message::pushed::woke:
      schedule(*to.at);
      return sent::accepted;
    case message::pushed::closed:
      break;
  }
  // It stopped since we looked. Rebuilt in place, because a message need not
  // be assignable.
  std::destroy_at(&content);
  std::construct_at(&content, std::move(message::payload_of<M>(*e)));
  message::destroy_payload<M>(*e);
  message::free_envelope(*e);
  return sent::stopped;
}

}  // namespace commy::actors
