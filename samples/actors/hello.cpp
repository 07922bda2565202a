// An actor, a message, a question: the smallest program with actors.
#include <commy/actor/actor_system.hpp>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

namespace {

struct visit {
  std::string guest;
};
struct guests {
  using reply = int;
};

class porter : public commy::actor {
public:
  void on(const visit& m) {
    ++count_;
    std::printf("Welcome, %s.\n", m.guest.c_str());
  }
  int on(guests) const { return count_; }

private:
  int count_ = 0;
};

}  // namespace

int main() {
  commy::actor_system house;
  const auto door = house.spawn<porter>("door");
  for (const auto* const name : {"Ada", "Grace", "Edsger"}) {
    // Into its mailbox; refused only when that is full or the porter is gone.
    door.tell(visit{name}).value();
  }
  const auto count = house.ask(door, guests{}, 1s).value();
  std::printf("%d guests.\n", count);
}
