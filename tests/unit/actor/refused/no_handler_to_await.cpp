// Awaiting what the other actor does not answer.
// Expected: commy: this actor does not handle this message. It needs a public
#include <commy/actor/actor_system.hpp>

struct question {
  using reply = int;
};

class shop : public commy::actor {};

class buyer : public commy::actor {
public:
  commy::task<int> on(question) {
    auto answer = co_await ask(shop_, question{}, std::chrono::seconds{1});
    co_return *answer;
  }

private:
  commy::ref<shop> shop_;
};
