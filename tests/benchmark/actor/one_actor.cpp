// A program with one actor, to be compiled and timed: source_compile.hpp.
#include <commy/actor/actor_system.hpp>

struct add {
  using reply = int;
  int amount;
};

class counter : public commy::actor {
public:
  int on(add m) { return total_ += m.amount; }

private:
  int total_ = 0;
};

int main() {
  commy::actor_system system;
  const auto sums = system.spawn<counter>("sums");
  return system.ask(sums, add{2}, std::chrono::seconds{1}).value() - 2;
}
