// commy/host/answerer.hpp: requests that a module answers for all others.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/base/result.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace commy {

/// A request that names the actor which answers it, as those in messages/ do:
/// `static constexpr std::string_view actor = "commy.auth";`.
template <class M>
concept module_request = request<M> && requires {
  { M::actor } -> std::convertible_to<std::string_view>;
};

/// The actor behind such a request. Both sides know this class and none of
/// each other, which is what lets modules meet in messages alone.
template <module_request M>
class answerer final : public actor {
public:
  using work = std::function<reply_of<M>(const M&)>;

  explicit answerer(work answer) : answer_{std::move(answer)} {}
  reply_of<M> on(const M& message) { return answer_(message); }

private:
  work answer_;
};

/// Starts the actor that answers M with `work(message)`, one message at a time.
/// When it throws, who asked is told, and the next message finds it again.
template <module_request M>
result<ref<answerer<M>>, spawn_error> start_answerer(
    actor_system& system, typename answerer<M>::work work) {
  return system.supervise({.name = std::string{M::actor}})
      .template try_spawn<answerer<M>>(M::actor, std::move(work));
}

/// Asks whoever answers M and blocks this thread, at most for `timeout`. Fails
/// with `receiver_stopped` when no module does. Not from a handler.
template <module_request M>
result<reply_of<M>, ask_error> ask_module(const actor_system& system, M message,
                                          std::chrono::nanoseconds timeout) {
  const auto found = system.find<answerer<M>>(M::actor);
  if (!found) return unexpected{ask_error::receiver_stopped, M::actor};
  return system.ask(*found, std::move(message), timeout);
}

}  // namespace commy
