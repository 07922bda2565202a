// Publishing a message that the topic does not list.
// Expected: commy: this topic does not list this message
#include <commy/actor/actor_system.hpp>

struct one {};
struct two {};

void run(const commy::topic<one>& all) { (void)all.publish(two{}); }
