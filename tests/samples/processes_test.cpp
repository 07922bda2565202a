// The samples of samples/processes, run as a user would run them.
#include "sample_process.hpp"

#include <catch2/catch_test_macros.hpp>

using commy::test::sample_folder;

TEST_CASE("the sample map_tiles asks for megabytes and copies none") {
  const sample_folder folder;
  for (int run = 0; run < 2; ++run) {
    const auto ended = folder.run(COMMY_MAP_TILES);
    CHECK(ended.how == "exited with code 0");
    CHECK(ended.output ==
          "64 tiles, 256 MiB, without a copy; the mean is 20.25\n");
  }
}

TEST_CASE("the sample task_queue does each task though a worker dies") {
  const sample_folder folder;
  for (int run = 0; run < 3; ++run) {
    const auto ended = folder.run(COMMY_TASK_QUEUE);
    CHECK(ended.how == "exited with code 0");
    CHECK(ended.output ==
          "a worker was lost with task 5\n"
          "12 tasks done, each once; the sum is 650\n");
  }
}

TEST_CASE("the sample thermostat hears messages, a topic, time and signals") {
  const sample_folder folder;
  const auto say = [&](const char* what, const char* degrees) {
    CHECK(folder.run(COMMY_THERMOSTAT, {what, degrees}).how ==
          "exited with code 0");
  };
  // Published before anybody listens: the last one is kept.
  say("room", "25");
  say("room", "19");
  auto home = folder.start(COMMY_THERMOSTAT, {"run"});
  REQUIRE(home.says("waiting"));
  say("want", "21");
  REQUIRE(home.says("heater on"));
  say("room", "22");
  REQUIRE(home.says("heater off"));
  say("want", "24");
  home.ask_to_end();
  const auto ended = home.wait();
  CHECK(ended.how == "exited with code 0");
  CHECK(ended.output.starts_with("waiting\nheater on\nheater off\n"));
  CHECK(ended.output.ends_with("good bye\n"));
}
