// commy/message/envelope.hpp: one message in transit, header and payload.
#pragma once

#include <commy/message/envelope_pool.hpp>
#include <commy/message/type_name.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace commy {

/// A message that wants an answer: it says `using reply = X;`. X may be void,
/// which asks for no more than a confirmation.
template <class M>
concept request = requires { typename M::reply; };

/// What may travel: a class of its own, so that its name says what it means,
/// which moves without throwing, so that a refused message can be handed back.
template <class M>
concept sendable = std::is_class_v<M> && std::is_object_v<M> &&
                   std::is_nothrow_move_constructible_v<M> &&
                   std::is_nothrow_destructible_v<M>;

}  // namespace commy

namespace commy::message {

struct envelope;

/// What became of a message that its receiver was given.
enum class outcome : std::uint8_t {
  finished,
  suspended  ///< The handler waits; it still uses the payload.
};

/// How to treat one kind of message. Static; outlives every envelope.
struct envelope_ops {
  /// Hands the payload to the receiver. What the handler throws comes through.
  outcome (*run)(void* receiver, envelope& e);
  /// Destroys the payload. The block stays.
  void (*destroy)(envelope& e) noexcept;
  std::string_view message_name;
  bool is_request;
  bool is_urgent = false;
  /// Of header and payload.
  std::uint32_t block_bytes = 0;
  /// What the payload keeps outside of its block; null: nothing.
  std::uint64_t (*outside_bytes)(const envelope& e) noexcept = nullptr;
  /// Tells messages of this kind apart for mailboxes that keep the latest of
  /// each; null: it has no key.
  std::uint64_t (*key_hash)(const envelope& e) noexcept = nullptr;
  bool (*same_key)(const envelope& a, const envelope& b) noexcept = nullptr;
};

/// What an envelope holds, and by which way it comes: a message through the
/// mailbox's list, or past it (urgent, or by a shelf), an answer, refusal or
/// notice in the lane for urgent mail, a timed message from its receiver's own
/// timers.
enum class envelope_kind : std::uint8_t {
  message,
  message_aside,
  answer,
  refusal,
  notice,
  timed
};

/// What links envelopes; the first node of a mailbox's list is no more.
struct envelope_link {
  std::atomic<envelope*> next{nullptr};
};

/// The header. Header and payload share one block, which the receiver frees:
///
///     0      8     16           20           21     24 | 24        40
///     +------+-----+------------+------------+------+--+---------+---------+
///     | next | ops | generation | size class | kind |  | reply   | payload |
///     +------+-----+------------+------------+------+--+---------+---------+
///                                           where one answers |
///
/// So a notice of up to 40 bytes and a request of up to 24 fit a cache line.
struct envelope : envelope_link {
  const envelope_ops* ops = nullptr;
  /// Whom it is for. A cell is used again for other actors; a message that
  /// was still under way to an earlier one is recognized by this.
  std::uint32_t generation = 0;
  std::uint8_t size_class = heap_class;
  envelope_kind kind = envelope_kind::message;
  /// Of a notice: which of its receiver's objects asked for it.
  std::uint16_t life = 0;
};
static_assert(sizeof(envelope) == 24);
static_assert(std::is_trivially_destructible_v<envelope>);

/// Where an answer goes; in the answer itself, what it answers. The actor area
/// gives the words their meaning.
struct reply_slot {
  std::uintptr_t who = 0;  // Zero: nobody waits.
  std::uint64_t id = 0;
};

/// What has a reply slot in its envelope: requests, and their answers.
template <class M>
concept slotted = request<M> || requires { typename M::slotted; };

struct request_envelope : envelope {
  reply_slot reply;
};
static_assert(sizeof(request_envelope) == 40);

/// Where in its block a payload of type M begins, in bytes. The same for every
/// sender of an M, since the receiver's code reads it.
template <class M>
constexpr std::size_t payload_offset() noexcept {
  constexpr auto header =
      slotted<M> ? sizeof(request_envelope) : sizeof(envelope);
  return (header + alignof(M) - 1) / alignof(M) * alignof(M);
}

inline std::byte* bytes_of(envelope& e) noexcept {
  return reinterpret_cast<std::byte*>(&e);
}
inline const std::byte* bytes_of(const envelope& e) noexcept {
  return reinterpret_cast<const std::byte*>(&e);
}

/// Requires: `e` was made with an M.
template <class M>
M& payload_of(envelope& e) noexcept {
  return *std::launder(reinterpret_cast<M*>(bytes_of(e) + payload_offset<M>()));
}
template <class M>
const M& payload_of(const envelope& e) noexcept {
  return *std::launder(
      reinterpret_cast<const M*>(bytes_of(e) + payload_offset<M>()));
}

/// It came through a mailbox, by whatever way.
constexpr bool is_message(envelope_kind kind) noexcept {
  return kind <= envelope_kind::message_aside;
}

/// The place that says who waits for the answer to this; null when nobody can.
inline reply_slot* reply_slot_of(envelope& e) noexcept {
  if (!is_message(e.kind) || !e.ops->is_request) return nullptr;
  return &static_cast<request_envelope&>(e).reply;
}

template <class M>
void destroy_payload(envelope& e) noexcept {
  std::destroy_at(&payload_of<M>(e));
}

/// An envelope that holds `content`, or null when memory is exhausted; then
/// `content` was not touched. Cost: one block from this thread's pool.
template <sendable M>
envelope* try_make_envelope(const envelope_ops& ops, std::uint32_t generation,
                            M& content) noexcept {
  static_assert(alignof(M) <= smallest_block_bytes,
                "commy: a message is aligned to at most one cache line");
  constexpr auto bytes = payload_offset<M>() + sizeof(M);
  constexpr auto size_class = size_class_for(bytes);
  void* const block = allocate_block(bytes, size_class);
  if (block == nullptr) return nullptr;
  envelope* made = nullptr;
  if constexpr (slotted<M>) {
    made = ::new (block) request_envelope;
  } else {
    made = ::new (block) envelope;
  }
  made->ops = &ops;
  made->generation = generation;
  made->size_class = size_class;
  ::new (static_cast<void*>(bytes_of(*made) + payload_offset<M>()))
      M(std::move(content));
  return made;
}

/// Gives the block back. Requires: the payload has been destroyed.
inline void free_envelope(envelope& e) noexcept {
  deallocate_block(&e, e.size_class);
}

/// Destroys the payload, and gives the block back. Not of a mailbox's list,
/// which frees its own.
inline void drop_envelope(envelope& e) noexcept {
  e.ops->destroy(e);
  free_envelope(e);
}

}  // namespace commy::message
