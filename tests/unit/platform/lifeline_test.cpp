#include "child.hpp"
#include <commy/platform/lifeline.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace commy::platform;

TEST_CASE("a child learns of its parent's death by kill") {
  // Test, middle, and the child whose report the test reads.
  auto middle = play({"middle", "report_loss"});
  REQUIRE(middle.next() == "+");

  middle.process.kill();

  CHECK(read_text(middle.report) == "lost");
}

TEST_CASE("a lifeline's thread calls back when the parent is gone") {
  auto middle = play({"middle", "report_loss_by_thread"});
  REQUIRE(middle.next() == "+");

  middle.process.kill();

  CHECK(read_text(middle.report) == "lost");
}

TEST_CASE("a lifeline's thread ends with its object") {
  auto child = play({"stop_watching"});
  CHECK(child.next() == "+");
  CHECK(child.process.wait_for(patience) ==
        exit_status{exit_status::kind::exited, 0});
}

TEST_CASE("a program started without a lifeline has none") {
  CHECK_FALSE(parent_lifeline::from_environment());
}
