#include <commy/actor/lifecycle.hpp>
#include <commy/host/exchange.hpp>
#include <commy/host/remote_actor.hpp>

#include <algorithm>
#include <utility>

namespace commy::host {

remote_actor::remote_actor(std::shared_ptr<exchange> by,
                           std::shared_ptr<peer_link> peer,
                           const message::name_place& place)
    : exchange_{std::move(by)},
      peer_{std::move(peer)},
      number_{place.actor},
      to_{exchange_->engine(), place.slot, place.reader} {}

remote_actor::fate remote_actor::try_send(actors::cell& c, message::envelope& e,
                                          const parcel_out& out) {
  const auto* const slot = message::reply_slot_of(e);
  // A request that was told: nobody waits.
  if (slot != nullptr && slot->who != 0) return send_request(c, e, out);
  if (peer_->is_gone()) return settle(c, e, send_error::receiver_stopped);
  const auto sent = out.push(to_, e, {.actor = number_, .id = out.id});
  return sent ? fate::over : settle(c, e, sent.error());
}

remote_actor::fate remote_actor::send_request(actors::cell& c,
                                              message::envelope& e,
                                              const parcel_out& out) {
  auto& slot = *message::reply_slot_of(e);
  auto& pending = exchange_->pending();
  const auto number = pending.add(slot, *out.shape, peer_->who);
  if (!number) {
    actors::answer_refused(slot, ask_error::mailbox_full,
                           "too many requests to other processes wait for "
                           "their answers");
    return fate::over;
  }
  // After `add`: who ends the peer's requests sets this before it looks for
  // them, so either it finds this one or we see it.
  const auto sent =
      peer_->is_gone()
          ? result<void, send_error>{unexpected{send_error::receiver_stopped}}
          : out.push(to_, e,
                     {.actor = number_,
                      .id = out.id,
                      .kind = memory::cell_kind::request,
                      .correlation = *number});
  if (sent) return fate::over;
  slot = pending.take_back(*number);
  // Empty: the peer's end has answered it meanwhile.
  return slot.who == 0 ? fate::over : settle(c, e, sent.error());
}

remote_actor::fate remote_actor::settle(actors::cell& c, message::envelope& e,
                                        const failure<send_error>& why) {
  switch (why.code()) {
    case send_error::ring_full:
    case send_error::no_memory:
    case send_error::busy:
      return fate::later;
    case send_error::receiver_stopped:
    case send_error::detached:
    case send_error::damaged:
    case send_error::read_only:
      actors::bounce(c, e, ask_error::receiver_stopped, peer_->title);
      exchange_->note_closed(peer_);
      return fate::over;
    case send_error::name_not_found:
    case send_error::too_large:
    case send_error::too_many_loans:
    case send_error::foreign_loan:
    case send_error::bad_place:
      break;
  }
  actors::bounce(c, e, ask_error::handler_failed, why.message());
  return fate::over;
}

task<> remote_actor::keep_sending(actors::cell& c, message::envelope& e,
                                  parcel_out out) {
  std::chrono::nanoseconds wait = first_pause;
  do {
    co_await pause(wait);
    wait = std::min<std::chrono::nanoseconds>(2 * wait, longest_pause);
  } while (try_send(c, e, out) == fate::later);
}

}  // namespace commy::host
