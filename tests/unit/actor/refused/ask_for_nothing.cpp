// Asking with a message that has no reply.
// Expected: commy: ask needs a message that says
#include <commy/actor/actor_system.hpp>

struct notice {};

class shop : public commy::actor {
public:
  void on(notice) {}
};

void run(commy::actor_system& system, commy::ref<shop> actor) {
  (void)system.ask(actor, notice{}, std::chrono::seconds{1});
}
