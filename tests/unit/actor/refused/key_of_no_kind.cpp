// A key that is neither a number nor a text.
// Expected: commy: a message's key() gives an integer, an enum or a text
#include <commy/actor/keyed.hpp>

struct job {
  double key() const { return 0.5; }
};

auto run() { return commy::key_of(job{}); }
