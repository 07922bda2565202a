#include <commy/platform/thread_hint.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sched.h>

#include <array>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace commy::platform;

TEST_CASE("a thread's name is what the system shows of it") {
  std::string shown;
  std::jthread{[&] {
    name_this_thread("commy-worker-with-a-long-name");
    std::ifstream{"/proc/thread-self/comm"} >> shown;
  }}.join();
  CHECK(shown == "commy-worker-wi");
}

TEST_CASE("a thread runs where it is pinned, and only where it may") {
  std::vector<unsigned> before;
  std::vector<unsigned> after;
  bool pinned = false;
  bool beyond = true;
  int ran_on = -1;
  std::jthread{[&] {
    before = allowed_cores();
    pinned = pin_this_thread(std::array{before.back()});
    ran_on = ::sched_getcpu();
    after = allowed_cores();
    beyond = pin_this_thread(std::array{100'000U});
  }}.join();
  CHECK(before.size() == usable_cores());
  CHECK(pinned);
  CHECK(ran_on == static_cast<int>(before.back()));
  CHECK(after == std::vector{before.back()});
  CHECK_FALSE(beyond);
}

TEST_CASE("a process bound to one core has one core") {
  unsigned cores = 0;
  std::jthread{[&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    if (::sched_setaffinity(0, sizeof one, &one) == 0) cores = usable_cores();
  }}.join();
  CHECK(cores == 1);
}
