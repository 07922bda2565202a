// The samples of samples/actors, run as a user would run them.
#include "sample_process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using commy::test::sample_folder;

namespace {

/// What a sample prints; it must end well. Logs go elsewhere.
std::string output_of(const std::string& name) {
  const sample_folder folder;
  const auto ended = folder.run(std::string{COMMY_ACTOR_SAMPLES} + "/" + name);
  CHECK(ended.how == "exited with code 0");
  return ended.output;
}

}  // namespace

TEST_CASE("the sample hello counts its guests") {
  CHECK(output_of("hello") ==
        "Welcome, Ada.\nWelcome, Grace.\nWelcome, Edsger.\n3 guests.\n");
}

TEST_CASE("the sample crashing_worker says why the worker is gone") {
  const auto said = output_of("crashing_worker");
  CAPTURE(said);
  CHECK(said.find("1 is 1\n") == 0);
  CHECK(said.find("3 is 3\n") != std::string::npos);
  CHECK(said.find("5 is 5\n") != std::string::npos);
  CHECK(said.find("the parser is gone\n  because supervisor 'desk' gave up") !=
        std::string::npos);
  CHECK(said.find("  because actor 'parser' failed handling") !=
        std::string::npos);
  CHECK(said.ends_with(": stoi\n"));
}

TEST_CASE("the sample game_loop draws between frames") {
  CHECK(output_of("game_loop") == "drew a thousand steps in several frames\n");
}

TEST_CASE("the sample tested passes its own test") {
  CHECK(output_of("tested") == "all as it should be\n");
}

TEST_CASE("the sample ask_and_await sells until it is sold out") {
  CHECK(output_of("ask_and_await") ==
        "tea for 30\nhoney for 50\nsold out\n"
        "no price: the receiver has stopped without an answer\n");
}

TEST_CASE("the sample pipeline keeps to its room") {
  CHECK(output_of("pipeline") ==
        "the sum is 50005000; no mailbox held more than its 4: yes\n");
}

TEST_CASE("the sample topic_and_pool tells all and shares the work") {
  CHECK(output_of("topic_and_pool") ==
        "18 copies taken\n9 passed on\nACME: last 103, highest 107\n"
        "INIT: last 103, highest 107\nUMBR: last 103, highest 107\n");
}
