// commy/actor/message_traits.hpp: what a message says of itself.
#pragma once

#include <commy/actor/keyed.hpp>
#include <commy/message/envelope.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace commy {

/// A message that owns memory outside of itself says how much, so that bounds
/// in bytes count it: `std::size_t extra_bytes() const noexcept`. The figure
/// must not change while it is a message.
template <class M>
concept has_extra_bytes = requires(const M& message) {
  { message.extra_bytes() } noexcept -> std::convertible_to<std::uint64_t>;
};

/// A message that overtakes those that are not: `static constexpr bool urgent =
/// true;`. Among each other urgent messages keep their order.
template <class M>
concept urgent_message = requires { requires M::urgent; };

}  // namespace commy

namespace commy::actors {

template <class M>
std::uint64_t extra_bytes_in(const message::envelope& e) noexcept {
  return message::payload_of<M>(e).extra_bytes();
}
template <class M>
using key_type = std::remove_cvref_t<decltype(std::declval<const M&>().key())>;

/// Whose latest message a mailbox can keep: `key()` does not throw, and gives
/// what `key_of` takes. Another `key()` is the message's own affair.
template <class M>
concept replaceable = keyed<M> && requires(const M& message) {
  { message.key() } noexcept;
  requires std::is_integral_v<key_type<M>> || std::is_enum_v<key_type<M>> ||
               std::is_convertible_v<key_type<M>, std::string_view>;
};

template <class M>
std::uint64_t key_hash_in(const message::envelope& e) noexcept {
  return key_of(message::payload_of<M>(e));
}
template <class M>
bool same_key_in(const message::envelope& a,
                 const message::envelope& b) noexcept {
  const auto& one = message::payload_of<M>(a).key();
  const auto& other = message::payload_of<M>(b).key();
  if constexpr (std::is_convertible_v<key_type<M>, std::string_view>) {
    return std::string_view{one} == std::string_view{other};
  } else {
    return one == other;
  }
}

/// What the runtime asks of an M, but for how it is handled.
template <class M>
constexpr message::envelope_ops ops_with(
    message::outcome (*run)(void*, message::envelope&)) noexcept {
  message::envelope_ops made{
      run,
      &message::destroy_payload<M>,
      message::type_name<M>(),
      request<M>,
      urgent_message<M>,
      static_cast<std::uint32_t>(message::payload_offset<M>() + sizeof(M))};
  if constexpr (has_extra_bytes<M>) made.outside_bytes = &extra_bytes_in<M>;
  if constexpr (replaceable<M>) {
    made.key_hash = &key_hash_in<M>;
    made.same_key = &same_key_in<M>;
  }
  return made;
}

}  // namespace commy::actors
