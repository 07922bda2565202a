#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <string>

using namespace actor_tests;

namespace {

/// How often threads of this process other than the caller's went to sleep, as
/// the kernel counted: each wake-up ends in one more.
long sleeps_of_other_threads() {
  long sum = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream name{entry.path() / "comm"};
    std::string text;
    std::getline(name, text);
    if (text.rfind("commy-", 0) != 0) continue;
    std::ifstream status{entry.path() / "status"};
    while (std::getline(status, text)) {
      if (text.rfind("voluntary_ctxt_switches:", 0) == 0) {
        sum += std::stol(text.substr(text.find(':') + 1));
      }
    }
  }
  return sum;
}

/// Lets time pass without sleeping, so that only others can be woken.
void burn(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
}

struct quick_question {
  using reply = int;
};

class curious : public commy::actor {
public:
  explicit curious(commy::ref<counter> whom) : whom_{whom} {}
  commy::task<int> on(quick_question) {
    const auto sum = co_await ask(whom_, total{}, 1ms);
    co_return sum ? *sum : -1;
  }

private:
  commy::ref<counter> whom_;
};

}  // namespace

TEST_CASE("a system in which nothing happens makes no wake-ups") {
  commy::actor_system system{{.workers = 3}};
  const auto sums = system.spawn<counter>("sums");
  const auto asker = system.spawn<curious>("asker", sums);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(system.ask(asker, quick_question{}, deadline));
  }
  // The last search for work and the last timeout that nobody waits for.
  long before = -1;
  REQUIRE(eventually([&] {
    const auto last = before;
    before = sleeps_of_other_threads();
    burn(20ms);
    return last == before;
  }));

  burn(200ms);

  CHECK(sleeps_of_other_threads() == before);
}
