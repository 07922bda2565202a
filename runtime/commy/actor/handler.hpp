// commy/actor/handler.hpp: which messages an actor's class handles, and how.
#pragma once

#include <commy/message/envelope.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace commy {

template <class T>
class task;
template <class T>
class interleaved;

namespace actors {

/// Converts to M and to nothing else, so that a call with it finds only the
/// handler whose parameter is exactly M (or const M&, or M&&). A handler of
/// something that an M converts to, or of its base class, is not found.
template <class M>
struct exactly {
  template <class T>
    requires std::same_as<std::remove_cv_t<T>, M>
  operator T() const;
};

template <class A, class M>
concept answers = requires(A& actor) { actor.on(exactly<M>{}); };

template <class A, class M>
using handled_as = decltype(std::declval<A&>().on(exactly<M>{}));

template <class M>
struct reply_type {
  using type = void;
};
template <request M>
struct reply_type<M> {
  using type = typename M::reply;
};

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

template <class T>
inline constexpr bool is_interleaved = false;
template <class T>
inline constexpr bool is_interleaved<interleaved<T>> = true;

template <class A, class M>
concept returns_reply =
    std::same_as<handled_as<A, M>, typename reply_type<M>::type> ||
    std::same_as<handled_as<A, M>, task<typename reply_type<M>::type>> ||
    std::same_as<handled_as<A, M>, interleaved<typename reply_type<M>::type>>;

}  // namespace actors

/// What an ask of M answers with; void for a notice.
template <class M>
using reply_of = typename actors::reply_type<M>::type;

/// A has a public `on` for exactly M that returns what M asks for.
template <class A, class M>
concept handles =
    sendable<M> && actors::answers<A, M> && actors::returns_reply<A, M>;

namespace actors {

/// Says in one error what is wrong between A and M. Whoever calls it guards
/// the code that would only fail again with `if constexpr (handles<A, M>)`.
template <class A, class M>
constexpr void require_handler() {
  static_assert(
      sendable<M>,
      "commy: a message is an object of a class that moves without throwing");
  if constexpr (sendable<M>) {
    static_assert(
        answers<A, M>,
        "commy: this actor does not handle this message. It needs a public "
        "`on(M)` whose parameter is exactly the message's type (M, const M& or "
        "M&&; conversions and base classes do not count); handlers of a base "
        "class need `using base::on;`");
    if constexpr (answers<A, M>) {
      static_assert(
          returns_reply<A, M>,
          "commy: the handler's return type does not fit. A request's handler "
          "returns its `reply` or `task<reply>`; a notice's handler returns "
          "void or `task<>`; either may be `interleaved<...>` instead of a "
          "task");
    }
  }
}

}  // namespace actors
}  // namespace commy
