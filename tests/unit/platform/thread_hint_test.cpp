#include <commy/platform/thread_hint.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace commy::platform;

TEST_CASE("there is at least one core, and relaxing comes back") {
  CHECK(usable_cores() >= 1);
  cpu_relax();
}

TEST_CASE("a thread of any name can be named") {
  name_this_thread("");
  name_this_thread("commy-worker-with-a-long-name");
}
