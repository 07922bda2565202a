#include <commy/message/remote_address.hpp>

#include <algorithm>

namespace commy::message {
namespace {

result<name_table, send_error> open_names(const segment& shared) {
  if (!shared.writable()) return unexpected{send_error::read_only};
  auto names = name_table::open(shared);
  if (names) return std::move(*names);
  switch (names.error().code()) {
    case open_error::busy:
      return unexpected{send_error::busy, names.error().message()};
    case open_error::no_space:
      return unexpected{send_error::no_memory, names.error().message()};
    default:
      return unexpected{send_error::damaged, names.error().message()};
  }
}

std::size_t count_full(std::span<const carried_loan> loans) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(loans, [](const carried_loan& l) {
        return l.block != nullptr && static_cast<bool>(*l.block);
      }));
}

}  // namespace

untyped_address::untyped_address(name_table names, std::string_view name,
                                 name_place place)
    : names_{std::move(names)},
      name_{name},
      place_{place},
      producer_{names_.shared().engine(), place.slot, place.reader} {}

result<untyped_address, send_error> untyped_address::find(
    const segment& shared, std::string_view name) {
  auto names = open_names(shared);
  if (!names) return unexpected{names.error()};
  const auto place = names->find(name);
  if (!place) return unexpected{place.error()};
  return untyped_address{std::move(*names), name, *place};
}

result<untyped_address, send_error> untyped_address::wait_for(
    const segment& shared, std::string_view name, clock::time_point deadline) {
  auto names = open_names(shared);
  if (!names) return unexpected{names.error()};
  const auto place = names->wait_for(name, deadline);
  if (!place) return unexpected{place.error()};
  return untyped_address{std::move(*names), name, *place};
}

result<void, send_error> untyped_address::send(
    message_id id, std::span<const std::byte> bytes,
    std::span<const carried_loan> loans) {
  outgoing message{place_.actor, id, bytes, loans};
  const auto full = count_full(loans);
  auto sent = producer_.push(message);
  if (sent || sent.error() != send_error::receiver_stopped) return sent;
  // A receiver that died with the message in its ring may have taken some of
  // the loans along. What is left is not what the caller wanted to send.
  const bool whole = count_full(loans) == full;
  const auto now = names_.find(name_);
  if (!whole || !now || *now == place_) {
    return unexpected{send_error::receiver_stopped, name_};
  }
  place_ = *now;
  sent_before_ += producer_.sent();
  producer_ = ring_producer{names_.shared().engine(), now->slot, now->reader};
  message.actor = now->actor;
  return producer_.push(message);
}

}  // namespace commy::message
