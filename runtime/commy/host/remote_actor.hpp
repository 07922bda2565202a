// commy/host/remote_actor.hpp: stands here for an actor of another process.
#pragma once

#include <commy/actor/actor.hpp>
#include <commy/actor/dispatch.hpp>
#include <commy/actor/pending_answers.hpp>
#include <commy/message/loan_field.hpp>
#include <commy/message/name_table.hpp>
#include <commy/message/ring_producer.hpp>
#include <commy/message/wire_type.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace commy::host {

class exchange;
struct peer_link;

/// A local actor whose handlers send each message on, in order, to the inbox of
/// the actor that it stands for. So bounds, overflow policies, waits, timeouts,
/// watches and links are those of any actor. While the other's ring is full it
/// keeps the message it has and takes no other; its mailbox fills, and its
/// policy speaks to the senders. It ends with the other one.
class remote_actor : public actor {
public:
  /// How long to wait before a full ring is tried again: 4,096 messages are
  /// handled in some 100 us; one that stands still is asked 200 times a second.
  static constexpr std::chrono::microseconds first_pause{100};
  static constexpr std::chrono::milliseconds longest_pause{5};

  remote_actor(std::shared_ptr<exchange> by, std::shared_ptr<peer_link> peer,
               const message::name_place& place);

  /// What the runtime calls for an M; the code of `remote_ops<M>`.
  template <wire_sendable M>
  static message::outcome forward(void* receiver, message::envelope& e) {
    auto& c = *static_cast<actors::cell*>(receiver);
    auto& me = *static_cast<remote_actor*>(c.object);
    parcel_out out{wire_id<M>(), &push<M>, nullptr};
    if constexpr (request<M>) out.shape = &actors::shape_of_reply<M>;
    if (me.try_send(c, e, out) == fate::over) {
      return message::outcome::finished;
    }
    return actors::start_task<without_answer>(c, e, me.keep_sending(c, e, out));
  }

private:
  struct without_answer {};
  struct parcel_out {
    message_id id;
    result<void, send_error> (*push)(message::ring_producer& to,
                                     message::envelope& e,
                                     message::outgoing head);
    const actors::reply_shape* shape;  // Null: it is no request.
  };

  /// Pushes the message behind `head`. Its loans stay in it unless the ring has
  /// taken it.
  template <wire_sendable M>
  static result<void, send_error> push(message::ring_producer& to,
                                       message::envelope& e,
                                       message::outgoing head) {
    auto& content = message::payload_of<M>(e);
    if constexpr (carries_loans<M>) {
      const message::wire_form<M> form{content};
      head.bytes = form.bytes();
      head.loans = form.loans();
      return to.push(head);
    } else {
      head.bytes = std::as_bytes(std::span{&content, 1});
      return to.push(head);
    }
  }
  enum class fate : std::uint8_t { over, later };

  /// Sends, or refuses; `later` when there is no room now.
  fate try_send(actors::cell& c, message::envelope& e, const parcel_out& out);
  fate send_request(actors::cell& c, message::envelope& e,
                    const parcel_out& out);
  fate settle(actors::cell& c, message::envelope& e,
              const failure<send_error>& why);
  task<> keep_sending(actors::cell& c, message::envelope& e, parcel_out out);

  std::shared_ptr<exchange> exchange_;
  std::shared_ptr<peer_link> peer_;
  std::uint32_t number_;
  message::ring_producer to_;
};

/// How an actor that stands for a remote one treats an M.
template <wire_sendable M>
inline constexpr message::envelope_ops remote_ops =
    actors::ops_with<M>(&remote_actor::forward<M>);

}  // namespace commy::host
