// The samples of samples/topics, run as a user would run them.
#include "sample_process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using commy::test::sample_folder;

namespace {

std::string path(const std::string& name) {
  return std::string{COMMY_TOPIC_SAMPLES} + "/" + name;
}

}  // namespace

TEST_CASE("the sample ticks shows the last four to who comes late") {
  const sample_folder folder;
  CHECK(folder.run(path("ticks"), {"publish", "10"}).output.empty());
  CHECK(folder.run(path("ticks"), {"watch", "4"}).output ==
        "watching\n7: 42.12\n8: 42.27\n9: 42.07\n10: 42.26\n");
  auto early = folder.start(path("ticks"), {"watch", "6"});
  REQUIRE(early.says("10: 42.26"));
  CHECK(folder.run(path("ticks"), {"publish", "2"}).output.empty());
  const auto ended = early.wait();
  CHECK(ended.how == "exited with code 0");
  CHECK(ended.output.ends_with("1: 42.01\n2: 42.04\n"));
}

TEST_CASE("the sample camera shows each picture to both viewers") {
  const sample_folder folder;
  auto first = folder.start(path("camera"), {"view"});
  auto second = folder.start(path("camera"), {"view"});
  CHECK(folder.run(path("camera"), {"film", "200", "2"}).output ==
        "200 pictures\n");
  const auto saw = first.wait().output;
  CHECK(saw.starts_with("saw 200 pictures, "));
  CHECK(second.wait().output == saw);
}
