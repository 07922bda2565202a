// Asking what the actor does not answer.
// Expected: commy: this actor does not handle this message. It needs a public
#include <commy/actor/actor_system.hpp>

struct question {
  using reply = int;
};

class shop : public commy::actor {};

void run(commy::actor_system& system, commy::ref<shop> actor) {
  (void)system.ask(actor, question{}, std::chrono::seconds{1});
}
