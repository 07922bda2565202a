// Telling an address a message that it does not list.
// Expected: commy: this address does not list this message
#include <commy/actor/actor_system.hpp>

struct one {};
struct two {};

void run(commy::address<one> to) { (void)to.tell(two{}); }
