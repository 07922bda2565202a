// A message that g++ 12 would destroy twice. Later ones take it.
// Expected: commy: g++ 12 destroys a message twice that owns memory
#include <commy/actor/actor_system.hpp>

struct look_up {
  using reply = int;
  std::string name;
};

class library : public commy::actor {
public:
  int on(const look_up&) { return 1; }
};

class reader : public commy::actor {
public:
  commy::task<int> on(look_up m) {
    const auto found = co_await ask(commy::ref<library>{}, look_up{m.name},
                                    std::chrono::seconds{1});
    co_return *found;
  }
};
