// Subscribing an actor that does not handle the topic's messages.
// Expected: commy: this actor does not handle this message. It needs a public
#include <commy/actor/actor_system.hpp>

struct tick {};

class reader : public commy::actor {};

void run(const commy::topic<tick>& prices, commy::ref<reader> who) {
  (void)prices.subscribe(who);
}
