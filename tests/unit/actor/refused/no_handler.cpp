// Telling a message that the actor does not handle.
// Expected: commy: this actor does not handle this message. It needs a public
#include <commy/actor/actor_system.hpp>

struct known {};
struct unknown {};

class shop : public commy::actor {
public:
  void on(known) {}
};

void run(commy::actor_system& system) {
  const auto actor = system.spawn<shop>("shop");
  (void)actor.tell(known{});
  (void)actor.tell(unknown{});
}
