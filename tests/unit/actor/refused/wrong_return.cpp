// A handler that returns something other than the message's reply.
// Expected: commy: the handler's return type does not fit.
#include <commy/actor/actor_system.hpp>

struct question {
  using reply = int;
};

class shop : public commy::actor {
public:
  long on(question) { return 1; }
};

void run(commy::ref<shop> actor) { (void)actor.tell(question{}); }
