// An address for a message that the actor does not handle.
// Expected: commy: this actor does not handle this message. It needs a public
#include <commy/actor/actor_system.hpp>

struct known {};
struct unknown {};

class shop : public commy::actor {
public:
  void on(known) {}
};

commy::address<known, unknown> wide(commy::ref<shop> actor) { return actor; }
