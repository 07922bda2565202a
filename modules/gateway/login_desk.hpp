// modules/gateway/login_desk.hpp: asks module auth about keys.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/host/answerer.hpp>
#include <commy/host/messages/authenticate.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace commy::gateway {

/// A key somebody has shown. `done` is called once, in an actor's turn, unless
/// the actor is stopped first.
struct login {
  std::string key;
  std::string origin;
  std::function<void(result<authentication, ask_error>)> done;
};

// The client is told something within this time, whatever module auth does.
inline constexpr std::chrono::seconds login_within{2};

/// Waits for the answers, one key after the other, so that the server's thread
/// need not. Its mailbox bounds how many keys wait.
class login_desk final : public actor {
public:
  explicit login_desk(actor_system& system) : system_{&system} {}

  task<> on(login asked) {
    const auto found =
        system_->find<answerer<authenticate>>(authenticate::actor);
    if (!found) {
      asked.done(unexpected{ask_error::receiver_stopped, authenticate::actor});
      co_return;
    }
    // Named, and the answer too: g++ 12 destroys aggregates twice that are
    // temporaries in an expression with co_await.
    authenticate question;
    question.key = std::move(asked.key);
    question.origin = std::move(asked.origin);
    auto answer = co_await ask(*found, moved(question), login_within);
    asked.done(std::move(answer));
  }

private:
  actor_system* system_;
};

}  // namespace commy::gateway
