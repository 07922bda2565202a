#include "child.hpp"
#include <commy/platform/termination.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <thread>

using namespace commy::platform;
using namespace std::chrono_literals;

TEST_CASE("no wish to end comes by itself") {
  const termination_watch watch;
  CHECK_FALSE(watch.requested());
  CHECK_FALSE(watch.wait_for(5ms));
}

TEST_CASE("a wish to end wakes all who wait, and stays") {
  termination_watch watch;
  std::atomic<int> woken{0};
  const auto wait = [&] { woken += watch.wait_for(patience) ? 1 : 0; };
  {
    const std::jthread one{wait};
    const std::jthread two{wait};
    watch.request();
  }
  CHECK(woken == 2);
  CHECK(watch.requested());
  CHECK(watch.wait_for(0ms));
}

TEST_CASE("a new watch knows nothing of an old wish") {
  {
    termination_watch old;
    old.request();
  }
  CHECK_FALSE(termination_watch{}.requested());
}

TEST_CASE("the callback comes once, and not when nobody wished") {
  int calls = 0;
  {
    termination_watch watch{[&] { ++calls; }};
  }
  CHECK(calls == 0);

  auto told = make_pipe().value();
  {
    termination_watch watch{[&] {
      ++calls;
      told.writer.close();
    }};
    watch.request();
    watch.request();
    CHECK(read_text(told.reader).empty());
  }
  CHECK(calls == 1);
}

TEST_CASE("a child asked to end is called back") {
  auto child = play({"terminable_callback"});
  REQUIRE(child.next() == "+");

  child.process.terminate();

  CHECK(child.process.wait_for(patience) ==
        exit_status{exit_status::kind::exited, 44});
}
