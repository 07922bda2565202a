// Awaiting something that would resume a handler outside of its turn.
// Expected: commy: a task may co_await only its actor's ask(...),
#include <commy/actor/actor_system.hpp>

struct notice {};

class shop : public commy::actor {
public:
  commy::task<> on(notice) { co_await std::suspend_always{}; }
};
