// The part of an exchange that takes what comes.
#include <commy/base/log.hpp>
#include <commy/host/exchange.hpp>
#include <commy/host/mail_clerk.hpp>
#include <commy/host/peer_text.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace commy::host {

using memory::cell_kind;
using message::parcel;

namespace {

ask_error to_ask_error(deliver_error why) noexcept {
  switch (why) {
    case deliver_error::mailbox_full:
      return ask_error::mailbox_full;
    case deliver_error::out_of_memory:
      return ask_error::out_of_memory;
    case deliver_error::unknown_message:
    case deliver_error::wrong_size:
    case deliver_error::invalid_bytes:
      return ask_error::handler_failed;
    case deliver_error::unknown_name:
    case deliver_error::stopped:
      break;
  }
  return ask_error::receiver_stopped;
}

/// Who asked one request from another process.
class remote_asker final : public actors::wire_asker {
public:
  /// `entry`: the request's, of who is asked; null when nobody is.
  remote_asker(std::shared_ptr<exchange> by, const actors::peer& asker,
               std::uint64_t correlation, message_id request,
               const wire_entry* entry) noexcept
      : exchange_{std::move(by)},
        asker_{asker},
        correlation_{correlation},
        request_{request},
        encode_{entry == nullptr ? nullptr : entry->encode_reply} {}

  void answer(std::span<const std::byte> reply,
              std::span<const message::carried_loan> loans) noexcept override {
    exchange_->send(asker_, {.id = request_,
                             .bytes = reply,
                             .loans = loans,
                             .kind = cell_kind::reply,
                             .correlation = correlation_});
    delete this;
  }
  void answer_object(void* reply) noexcept override {
    if (encode_ != nullptr) return encode_(reply, *this);
    refuse(ask_error::handler_failed,
           "a reply of this type cannot leave its process");
  }
  void refuse(ask_error why, std::string_view text) noexcept override {
    try {
      const auto bytes = refusal_bytes(why, text);
      exchange_->send(asker_, {.id = request_,
                               .bytes = bytes,
                               .kind = cell_kind::refusal,
                               .correlation = correlation_});
    } catch (const std::bad_alloc&) {
      exchange_->count_lost_answer();  // The asker's timeout is the answer.
    }
    delete this;
  }

private:
  std::shared_ptr<exchange> exchange_;
  actors::peer asker_;
  std::uint64_t correlation_;
  message_id request_;
  decltype(wire_entry::encode_reply) encode_;
};

}  // namespace

void exchange::have_inbox_looked_into() noexcept {
  looked_into_soon_.store(true, std::memory_order_relaxed);
  if (!clerk_.tell(mail_clerk::look_soon{})) note_looked_into();
}

bool exchange::take(const parcel& p) {
  // relaxed: one timer more or less in the moment when it changes is no harm.
  if (!looked_into_soon_.load(std::memory_order_relaxed)) [[unlikely]]
    have_inbox_looked_into();
  switch (p.kind()) {
    case cell_kind::message:
      return deliver(p);
    case cell_kind::request:
      return deliver_request(p);
    case cell_kind::reply:
      pending_.reply(p.correlation(), p.sender(), p.id(), p.bytes(), p.owner());
      return false;
    case cell_kind::refusal:
      take_refusal(p);
      return false;
    case cell_kind::watch:
      take_watch(p);
      return false;
    case cell_kind::ended:
      take_ended(p);
      return false;
  }
  return false;
}

std::optional<wire_port> exchange::port_of(std::uint32_t number) const {
  std::string name;
  {
    const std::lock_guard hold{mutex_};
    const auto at = published_.find(number);
    if (at == published_.end()) return std::nullopt;
    if (at->second.port) return at->second.port;
    name = at->second.name;
  }
  const auto port = actors_.find_port(name);
  if (!port) return std::nullopt;
  return *port;
}

void exchange::count_refused(const parcel& p, std::string_view why) {
  // relaxed: counts, and this thread alone decides on its own figure.
  const auto count = refused_.fetch_add(1, std::memory_order_relaxed) + 1;
  // The first, second, fourth, ...: a flood is told of without being one.
  if (!std::has_single_bit(count)) return;
  log(log_level::warning, "host",
      "a message of " + title_of(shared_, p.sender()) + " to " +
          std::string{p.target()} + " was refused (" + std::to_string(count) +
          " so far): " + std::string{why});
}

actors::peer exchange::sender_of(const parcel& p) const {
  const auto ring = memory::ring_of(engine()->img(), p.sender());
  // acquire, pairs with the store when the inbox was opened.
  return {p.sender(),
          ring ? ring.header->reader.load(std::memory_order_acquire) : 0};
}

bool exchange::deliver(const parcel& p) {
  const auto port = port_of(p.number());
  if (!port) {
    count_refused(p, describe(deliver_error::unknown_name));
    tell_sender(p, deliver_error::unknown_name);
    // Whoever still sends to it is told once more.
    tell_ended(sender_of(p), p.number(), {});
    return false;
  }
  const auto done = port->deliver(p.id(), p.bytes(), p.owner());
  if (done) return true;
  count_refused(p, done.error().message());
  tell_sender(p, done.error().code());
  return false;
}

bool exchange::deliver_request(const parcel& p) {
  const auto port = port_of(p.number());
  auto slot = actors::slot_for(
      *new remote_asker{shared_from_this(), sender_of(p), p.correlation(),
                        p.id(), port ? port->find(p.id()) : nullptr});
  if (!port) {
    count_refused(p, describe(deliver_error::unknown_name));
    actors::answer_refused(slot, ask_error::receiver_stopped,
                           "it has stopped in its process");
    return false;
  }
  const auto done = port->deliver(p.id(), p.bytes(), p.owner(), slot);
  if (done) return true;
  const auto why = done.error().message();
  count_refused(p, why);
  actors::answer_refused(slot, to_ask_error(done.error().code()), why);
  return false;
}

void exchange::take_refusal(const parcel& p) {
  if (p.correlation() == 0) return take_returned(p);
  // Another process's bytes: a code that we do not know is a failure, too.
  auto why = ask_error::handler_failed;
  if (!p.bytes().empty()) {
    const auto code = std::to_integer<std::uint8_t>(p.bytes()[0]);
    if (code <= static_cast<std::uint8_t>(ask_error::out_of_memory)) {
      why = static_cast<ask_error>(code);
    }
  }
  const auto text = p.bytes().empty() ? p.bytes() : p.bytes().subspan(1);
  pending_.refuse(p.correlation(), p.sender(), why,
                  printable(text.first(
                      std::min<std::size_t>(text.size(), refusal_text_max))));
}

void exchange::take_watch(const parcel& p) {
  const auto who = sender_of(p);
  {
    const std::lock_guard hold{mutex_};
    const auto at = published_.find(p.number());
    if (at != published_.end()) {
      auto& watchers = at->second.watchers;
      // Earlier openings of the same inbox are over.
      std::erase_if(watchers,
                    [&](const auto& w) { return w.slot == who.slot; });
      if (watchers.size() < watchers_max) watchers.push_back(who);
      return;
    }
  }
  tell_ended(who, p.number(), {});
}

void exchange::take_ended(const parcel& p) {
  if (p.sender() == engine()->slot()) return take_note(p.correlation());
  std::vector<std::string> reasons;
  const auto bytes = p.bytes().first(std::min(p.bytes().size(), reasons_max));
  for (auto rest = bytes; !rest.empty() && reasons.size() < 8;) {
    const auto end = std::find(rest.begin(), rest.end(), std::byte{'\n'});
    const auto size = static_cast<std::size_t>(end - rest.begin());
    reasons.push_back(printable(rest.first(size)));
    rest = rest.subspan(std::min(size + 1, rest.size()));
  }
  std::vector<actors::cell_handle> over;
  {
    const std::lock_guard hold{mutex_};
    // Only its own: the slot is the ring's word, not the sender's.
    std::erase_if(proxies_, [&](const auto& named) {
      const auto& place = named.second.place;
      if (place.slot != p.sender() || place.actor != p.correlation()) {
        return false;
      }
      over.push_back(named.second.actor);
      return true;
    });
  }
  for (const auto& actor : over) {
    actors::end_because(
        actor, reasons,
        reasons.empty() ? "it has stopped in its process" : reasons.front());
  }
}

}  // namespace commy::host
