// Telling a pool what its workers do not handle.
// Expected: commy: this actor does not handle this message. It needs a public
#include <commy/actor/actor_system.hpp>

struct job {};

class worker : public commy::actor {};

void run(const commy::pool<worker>& workers) { (void)workers.tell(job{}); }
