// The part of an exchange that tells senders of what was told in vain.
#include <commy/actor/actor_pool.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/host/exchange.hpp>
#include <commy/host/mail_clerk.hpp>
#include <commy/host/peer_text.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace commy::host {

using message::parcel;

namespace {

/// Kinds of messages in vain that are remembered at a time, of all senders: who
/// finds no place is counted as a lost answer.
constexpr std::size_t returned_max = 1024;

/// What a refusal holds whose correlation is 0, which no request has: of so
/// many messages with its id, to that actor of the process that says so.
struct returned_note {
  std::uint32_t actor;
  std::uint32_t count;
  std::uint32_t why;
};
// Within the cell, so that it needs no memory of the segment.
static_assert(sizeof(returned_note) + sizeof(std::uint64_t) <=
              memory::inline_bytes);

constexpr dead_reason to_dead_reason(deliver_error why) noexcept {
  switch (why) {
    case deliver_error::mailbox_full:
      return dead_reason::mailbox_full;
    case deliver_error::out_of_memory:
      return dead_reason::out_of_memory;
    case deliver_error::unknown_message:
    case deliver_error::wrong_size:
    case deliver_error::invalid_bytes:
      return dead_reason::handler_failed;
    case deliver_error::unknown_name:
    case deliver_error::stopped:
      break;
  }
  return dead_reason::receiver_stopped;
}

}  // namespace

void exchange::tell_sender(const parcel& p, deliver_error why) {
  const returned one{sender_of(p), p.number(), p.id(), why, 1};
  // None: it has no inbox to be told in.
  if (one.to.reader == 0) return;
  const std::lock_guard hold{mutex_};
  add_returned(one);
}

void exchange::add_returned(const returned& some) {
  const auto same =
      std::find_if(returned_.begin(), returned_.end(), [&](const returned& r) {
        return r.to == some.to && r.actor == some.actor && r.id == some.id &&
               r.why == some.why;
      });
  if (same != returned_.end()) {
    same->count += some.count;
  } else if (returned_.size() < returned_max) {
    returned_.push_back(some);
  } else {
    count_lost_answer();
  }
  // One message for all that come until the clerk's turn. Refused, when the
  // clerk has very much to do: then the next one asks again.
  if (!clerk_knows_) {
    clerk_knows_ = clerk_.tell(mail_clerk::say_returned{}).has_value();
  }
}

bool exchange::say_returned() {
  std::vector<returned> all;
  {
    const std::lock_guard hold{mutex_};
    all.swap(returned_);
  }
  std::erase_if(all, [&](const returned& r) {
    const returned_note note{r.actor, r.count,
                             static_cast<std::uint32_t>(r.why)};
    std::vector<std::byte> bytes(sizeof note);
    std::memcpy(bytes.data(), &note, sizeof note);
    outgoing_mail mail{.to = r.to,
                       .kind = memory::cell_kind::refusal,
                       .id = r.id,
                       .bytes = std::move(bytes)};
    return try_send(mail);
  });
  const std::lock_guard hold{mutex_};
  for (const auto& r : all)
    add_returned(r);
  // What has come meanwhile waits for the next time.
  clerk_knows_ = !returned_.empty();
  return !clerk_knows_;
}

void exchange::take_returned(const parcel& p) {
  returned_note note{};
  if (p.bytes().size() != sizeof note) return;
  std::memcpy(&note, p.bytes().data(), sizeof note);
  if (note.count == 0 ||
      note.why > static_cast<std::uint32_t>(deliver_error::out_of_memory)) {
    return;
  }
  const auto why = static_cast<deliver_error>(note.why);
  // It may have ended since, or was told by a `remote_address` of its own.
  std::string receiver = "actor elsewhere";
  std::string_view what = "message";
  {
    const std::lock_guard hold{mutex_};
    const auto to =
        std::find_if(proxies_.begin(), proxies_.end(), [&](const auto& named) {
          const auto& place = named.second.place;
          return place.slot == p.sender() && place.actor == note.actor;
        });
    if (to != proxies_.end()) {
      receiver = to->first + "@" + shared_.name();
    }
    const auto name = told_types_.find(p.id());
    if (name != told_types_.end()) what = name->second;
  }
  auto text = title_of(shared_, p.sender()) + ": ";
  text += describe(why);
  // relaxed: a statistic.
  returned_count_.fetch_add(note.count, std::memory_order_relaxed);
  actors::access::handle(clerk_).at->pool->system().dead_letters().report(
      {receiver, what, to_dead_reason(why), text, note.count});
}

}  // namespace commy::host
