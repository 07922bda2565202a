// A topic of messages that cannot be copied.
// Expected: commy: each subscriber of a topic gets a copy
#include <commy/actor/actor_system.hpp>

struct parcel {
  std::unique_ptr<int> content;
};

void run(commy::actor_system& system) { (void)system.topic<parcel>("post"); }
