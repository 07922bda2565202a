// commy/actor/protocol.hpp: the messages an actor takes from outside.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/actor/dispatch.hpp>
#include <commy/actor/wire_entry.hpp>
#include <commy/message/wire_type.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace commy {

namespace actors {

/// `wire_entry::decode` of a W with loans.
template <class W>
result<message::envelope*, deliver_error> decode_message(
    const wire_entry& entry, std::uint32_t generation,
    std::span<const std::byte> bytes, const loan_source& loans) noexcept {
  auto content = message::from_wire<W>(bytes, loans);
  if (!content) {
    failure_detail detail = content.error().detail();
    detail.text.append(entry.ops.message_name)
        .append(": ")
        .append(describe(content.error().code()));
    return unexpected{deliver_error::invalid_bytes, detail};
  }
  auto* const made =
      message::try_make_envelope(entry.ops, generation, *content);
  if (made == nullptr) return unexpected{deliver_error::out_of_memory};
  return made;
}

/// `wire_entry::encode_reply` of an R with loans.
template <class R>
void encode_reply(void* reply, wire_asker& asker) noexcept {
  const message::wire_form<R> form{*static_cast<R*>(reply)};
  asker.answer(form.bytes(), form.loans());
}

}  // namespace actors

/// The line that makes an actor reachable from other processes and plugins:
///
///     using protocol = commy::messages<add, reset>;
///
/// Each message is a described struct (BOOST_DESCRIBE_STRUCT) that can be
/// copied byte by byte, but for fields that are loans; so is the reply of each
/// request, which may also be a loan itself.
template <class... M>
struct messages {
  static_assert((wire_sendable<M> && ...),
                "commy: a wire message can be copied byte by byte, but for its "
                "loans, is aligned to at most 8 and has at most 64 KiB");

  /// The protocol as A handles it. Checked once: ids are distinct, and the
  /// compiler put each field where the layout says.
  template <class A>
  static std::span<const wire_entry> table() {
    (actors::require_handler<A, M>(), ...);
    static constexpr std::array<wire_entry, sizeof...(M)> entries{
        entry<A, M>()...};
    static const bool sound =
        (wire_layout_is_real<M>() && ...) && are_distinct(entries);
    Expects(sound);
    return entries;
  }

private:
  template <class A, class W>
  static constexpr wire_entry entry() {
    return {actors::ops_of<A, W>,
            wire_id<W>(),
            static_cast<std::uint32_t>(wire_bytes<W>),
            wire_layout<W>(),
            &wire_accepts<W>,
            decoder<W>(),
            reply_encoder<W>()};
  }
  template <class W>
  static constexpr auto decoder() -> decltype(wire_entry::decode) {
    if constexpr (carries_loans<W>) return &actors::decode_message<W>;
    return nullptr;
  }
  template <class W>
  static constexpr auto reply_encoder() -> decltype(wire_entry::encode_reply) {
    if constexpr (request<W>) {
      using reply = typename W::reply;
      if constexpr (!std::is_void_v<reply>) {
        if constexpr (carries_loans<reply>) return &actors::encode_reply<reply>;
      }
    }
    return nullptr;
  }

  static bool are_distinct(std::span<const wire_entry> entries) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (entries[i].id == entries[j].id) return false;
      }
    }
    return true;
  }
};

/// A protocol entry for an actor whose messages are known at run time only: its
/// `on(wire_message)` gets them as bytes, unchecked but for their size. `name`
/// must outlive the entry.
template <class A>
  requires handles<A, wire_message>
wire_entry raw_entry(message_id id, std::uint32_t payload_bytes,
                     std::string_view name) {
  constexpr auto run = [](void* receiver, message::envelope& e) {
    const auto& entry = *reinterpret_cast<const wire_entry*>(e.ops);
    auto& c = *static_cast<actors::cell*>(receiver);
    auto& actor = *static_cast<A*>(c.object);
    const wire_message content{
        entry.id,
        {message::bytes_of(e) + sizeof(message::envelope),
         entry.payload_bytes}};
    static_assert(
        !actors::is_interleaved<actors::handled_as<A, wire_message>>,
        "commy: bytes live until their handler returns, so it waits alone");
    if constexpr (actors::is_task<actors::handled_as<A, wire_message>>) {
      return actors::start_task<wire_message>(c, e, actor.on(content));
    } else {
      actor.on(content);
      return message::outcome::finished;
    }
  };
  const auto block_bytes =
      static_cast<std::uint32_t>(sizeof(message::envelope)) + payload_bytes;
  return {{run, [](message::envelope&) noexcept {}, name, false, false,
           block_bytes},
          id,
          payload_bytes,
          name,
          nullptr};
}

/// The actor behind a port, as one that takes these messages. Compared are ids,
/// so name and layout of each; the class behind it may live in a plugin. `name`
/// is for the failure's text.
template <wire_sendable... M>
result<address<M...>, find_error> find_address(const wire_port& port,
                                               std::string_view name) {
  const auto protocol = port.protocol();
  const auto ops_for =
      [&]<class W>(std::type_identity<W>) -> const message::envelope_ops* {
    for (const auto& e : protocol) {
      // A plugin's class takes bytes, so it has no use for a W with loans.
      if (e.id == wire_id<W>() && e.payload_bytes == wire_bytes<W> &&
          (e.decode != nullptr) == carries_loans<W> &&
          e.ops.is_request == request<W>) {
        return &e.ops;
      }
    }
    return nullptr;
  };
  const std::array<const message::envelope_ops*, sizeof...(M)> ops{
      ops_for(std::type_identity<M>{})...};
  if (std::find(ops.begin(), ops.end(), nullptr) != ops.end()) {
    return unexpected{find_error::unknown_message, name};
  }
  return actors::access::make<address<M...>>(actors::access::handle(port), ops);
}

/// The same for the actor of that name.
template <wire_sendable... M>
result<address<M...>, find_error> find_address(const actor_system& system,
                                               std::string_view name) {
  const auto port = system.find_port(name);
  if (!port) return unexpected{port.error()};
  return find_address<M...>(*port, name);
}

}  // namespace commy
