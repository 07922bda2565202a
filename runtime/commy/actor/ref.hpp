// commy/actor/ref.hpp: who may be told what.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/dispatch.hpp>
#include <commy/actor/handler.hpp>
#include <commy/actor/send.hpp>
#include <commy/actor/told.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace commy {

namespace actors {

constexpr tell_error to_tell_error(sent refusal) noexcept {
  switch (refusal) {
    case sent::full:
      return tell_error::mailbox_full;
    case sent::out_of_memory:
      return tell_error::out_of_memory;
    case sent::stopped:
    case sent::accepted:
    case sent::waits:
      break;
  }
  return tell_error::stopped;
}

/// Takes what is in `message`, whether it arrives or comes back.
template <class M>
told<M> tell(const cell_handle& to, const message::envelope_ops& ops,
             M& message) noexcept {
  const auto how = try_send(to, ops, message);
  if (how == sent::accepted) return {};
  return {to_tell_error(how), std::move(message)};
}

/// Lets the runtime see through references.
struct access {
  template <class To>
  static const cell_handle& handle(const To& to) noexcept {
    return to.to_;
  }
  /// Null when the reference does not take an M, which was said by then.
  template <class M, class To>
  static const message::envelope_ops* ops(const To& to) {
    return to.template ops<M>();
  }
  /// Who gets this message: `to` itself, or the worker that a pool picks.
  template <class To, class M>
  static decltype(auto) receiver(const To& to, const M& message) {
    if constexpr (requires { to.pick(message); }) {
      return to.pick(message);
    } else {
      return (to);
    }
  }
  template <class To, class From>
  static To make(From&& from) {
    return To{std::forward<From>(from)};
  }
  template <class To, class Ops>
  static To make(const cell_handle& handle, const Ops& ops) noexcept {
    return To{handle, ops};
  }
};

}  // namespace actors

/// Refers to one actor of class A, for as long as it lives and after: whoever
/// tells an actor that has stopped gets the message back. A restarted actor is
/// the same one. 16 bytes, copied like a number; holds nothing alive. A default
/// one refers to nobody, who has always stopped.
template <class A>
class ref {
public:
  ref() noexcept = default;

  /// Puts a message into the actor's mailbox, and returns it when that is full
  /// or gone. Messages of one sender to one receiver are handled in the order
  /// they were told. Threads: any. Never blocks. Cost: about 30 ns.
  template <class M>
  told<M> tell(M message) const {
    actors::require_handler<A, M>();
    if constexpr (handles<A, M>) {
      return actors::tell(to_, actors::ops_of<A, M>, message);
    } else {
      return {};
    }
  }

  friend bool operator==(const ref&, const ref&) = default;

private:
  friend actors::access;
  explicit ref(const actors::cell_handle& to) noexcept : to_{to} {}

  template <class M>
  const message::envelope_ops* ops() const noexcept {
    actors::require_handler<A, M>();
    if constexpr (handles<A, M>) {
      return &actors::ops_of<A, M>;
    } else {
      return nullptr;
    }
  }

  actors::cell_handle to_;
};

/// Refers to an actor of whatever class that takes these messages. Made from a
/// `ref` or a wider address, or looked up by name; what crosses a plugin line.
/// 16 bytes and 8 for each message.
template <sendable... M>
class address {
  template <class Sought>
  static constexpr bool lists = (std::same_as<Sought, M> || ...);

public:
  address() noexcept = default;

  // Implicit: a narrower view of the same actor is no surprise.
  template <class A>
  address(const ref<A>& to) noexcept
      : to_{actors::access::handle(to)}, ops_{actors::access::ops<M>(to)...} {}
  template <class... Wider>
    requires(sizeof...(Wider) > 0 &&
             !std::same_as<address<Wider...>, address<M...>>)
  address(const address<Wider...>& to) noexcept
      : to_{actors::access::handle(to)}, ops_{actors::access::ops<M>(to)...} {}

  /// As `ref::tell`.
  template <class Told>
  told<Told> tell(Told message) const {
    const auto* const how = ops<Told>();
    // A default address has no code for its messages, and nobody to run it.
    if (how == nullptr) return {tell_error::stopped, std::move(message)};
    return actors::tell(to_, *how, message);
  }

  friend bool operator==(const address& a, const address& b) noexcept {
    return a.to_ == b.to_;
  }

private:
  friend actors::access;
  using table = std::array<const message::envelope_ops*, sizeof...(M)>;
  address(const actors::cell_handle& to, const table& ops) noexcept
      : to_{to}, ops_{ops} {}

  template <class Sought>
  const message::envelope_ops* ops() const noexcept {
    static_assert(lists<Sought>,
                  "commy: this address does not list this message; name it in "
                  "address<...>");
    const message::envelope_ops* found = nullptr;
    std::size_t index = 0;
    ((std::same_as<Sought, M> ? void(found = ops_[index]) : void(), ++index),
     ...);
    return found;
  }

  actors::cell_handle to_;
  table ops_{};
};

}  // namespace commy
