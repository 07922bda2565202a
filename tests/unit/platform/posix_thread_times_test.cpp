#include <commy/platform/thread_hint.hpp>
#include <commy/platform/thread_times.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>
#include <thread>

using namespace commy::platform;

TEST_CASE("two threads that want one core wait for it in turn") {
  const auto core = std::array{allowed_cores().front()};
  std::atomic<bool> done{false};
  thread_times before;
  thread_times after;
  bool told = false;
  const auto work = [&] {
    pin_this_thread(core);
    while (!done) {
    }
  };
  std::jthread other{work};
  std::jthread{[&] {
    pin_this_thread(core);
    const auto first = times_of_this_thread();
    told = first.has_value();
    before = after = first.value_or(thread_times{});
    // Until the scheduler has given the core to the other one; at once, where
    // it does not say.
    while (told && after.waited == before.waited)
      after = times_of_this_thread().value();
    done = true;
  }}.join();
  if (!told) SKIP("the system does not say");
  CHECK(after.waited > before.waited);
  CHECK(after.ran > before.ran);
}
