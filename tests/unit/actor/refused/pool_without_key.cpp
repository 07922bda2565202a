// Telling a pool that is routed by key a message that has none.
// Expected: commy: this pool is routed by key, and the message has no member
#include <commy/actor/actor_system.hpp>

struct job {};

class worker : public commy::actor {
public:
  void on(job) {}
};

void run(const commy::pool<worker, commy::routing::by_key>& workers) {
  (void)workers.tell(job{});
}
