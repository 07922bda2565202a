// Testing an actor: a till that must refuse when the bank is silent.
#include <commy/test/runtime.hpp>

#include <cstdio>
#include <stdexcept>

using namespace std::chrono_literals;

namespace {

struct charge {
  using reply = bool;
  int cents;
};
struct pay {
  using reply = bool;
  int cents;
};

class till : public commy::actor {
public:
  explicit till(commy::address<charge> bank) : bank_{bank} {}
  commy::task<bool> on(pay m) {
    const auto done = co_await ask(bank_, charge{m.cents}, 30s);
    co_return done.has_value() && *done;
  }

private:
  commy::address<charge> bank_;
};

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error{what};
}

}  // namespace

int main() {
  commy::test::runtime rt;
  auto bank = rt.probe<charge>("bank");
  bank.answer<charge>([](const charge& c) { return c.cents < 1000; });
  const auto desk = rt.spawn<till>("desk", bank.address());

  require(rt.ask(desk, pay{499}).value(), "a small sum is paid");
  require(!rt.ask(desk, pay{5000}).value(), "a large sum is not");
  rt.silence(bank.address());
  require(!rt.ask(desk, pay{1}, 1h).value(), "a silent bank refuses");
  require(rt.now() == 30s, "after the till's own patience");

  // The same under a hundred orders in which bank and till may run.
  commy::test::interleave(100, [](commy::test::runtime& any) {
    auto other = any.probe<charge>();
    other.answer<charge>([](const charge&) { return true; });
    const auto a = any.spawn<till>("", other.address());
    const auto b = any.spawn<till>("", other.address());
    a.tell(pay{1}).value();
    b.tell(pay{2}).value();
    any.settle();
    require(other.count<charge>() == 2, "each is charged once");
  });
  std::puts("all as it should be");
}
