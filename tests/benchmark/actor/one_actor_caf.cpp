// The program of one_actor.cpp as CAF has it.
#include <caf/all.hpp>

class counter : public caf::event_based_actor {
public:
  using event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[this](int amount) { return total_ += amount; }};
  }

private:
  int total_ = 0;
};

int main() {
  caf::actor_system_config config;
  caf::actor_system system{config};
  const auto sums = system.spawn<counter>();
  const caf::scoped_actor self{system};
  int sum = 0;
  self->request(sums, std::chrono::seconds{1}, 2)
      .receive([&](int answer) { sum = answer; }, [](const caf::error&) {});
  return sum - 2;
}
