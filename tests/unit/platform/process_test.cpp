#include "child.hpp"
#include "scratch.hpp"
#include <commy/platform/process.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace commy::platform;
using namespace std::chrono_literals;
using kind = exit_status::kind;

namespace {

spawn_options child_with(std::vector<std::string> arguments) {
  spawn_options options;
  options.program = child_program();
  options.arguments = std::move(arguments);
  return options;
}

}  // namespace

TEST_CASE("a child's exit code is seen, and seen again") {
  auto child = child_process::spawn(child_with({"exit", "7"})).value();
  CHECK(child.pid() != 0);

  const auto status = child.wait_for(patience);

  REQUIRE(status);
  CHECK(*status == exit_status{kind::exited, 7});
  CHECK(status->text() == "exited with code 7");
  CHECK(child.try_wait() == status);
  CHECK_FALSE(child.is_running());
  child.terminate();
  child.kill();
}

TEST_CASE("a wait for a child that still runs ends at its deadline") {
  auto child = play({"terminable"});
  REQUIRE(child.next() == "+");

  CHECK_FALSE(child.process.wait_for(10ms));
  CHECK_FALSE(child.process.try_wait());
  CHECK(child.process.is_running());
}

TEST_CASE("an end that was awaited is still to be seen") {
  auto child = play({"exit", "3"});

  child.process.await_end();
  child.process.await_end();

  CHECK(child.process.is_running());
  CHECK(child.process.try_wait() == exit_status{kind::exited, 3});
}

TEST_CASE("a killed child is told apart from one that ended by itself") {
  auto child = play({"terminable"});
  REQUIRE(child.next() == "+");

  child.process.kill();

  const auto status = child.process.wait_for(patience);
  REQUIRE(status);
  CHECK(status->how == kind::killed);
  CHECK(status->text().starts_with("killed by "));
}

TEST_CASE("a child that is asked to end may end in its own way") {
  auto child = play({"terminable"});
  REQUIRE(child.next() == "+");

  child.process.terminate();

  CHECK(child.process.wait_for(patience) == exit_status{kind::exited, 42});
}

TEST_CASE("a child does not outlive the object that stands for it") {
  pipe_reader report;
  {
    auto child = play({"terminable"});
    REQUIRE(child.next() == "+");
    report = std::move(child.report);
    const auto moved = std::move(child.process);
    CHECK(moved.is_running());
    CHECK_FALSE(child.process.is_running());
  }
  // The child held the only writer.
  CHECK(read_text(report).empty());
}

TEST_CASE("arguments and variables reach the child as they are") {
  auto pipe = make_pipe().value();
  auto options = child_with({"show", "a b", "", "\"q\\", "z\\\\"});
  options.environment = {{"COMMY_TEST_A", "old"},
                         {"COMMY_TEST_A", "x=y z"},
                         {"COMMY_LIFELINE", "17"}};
  options.lifeline = false;
  options.output = &pipe.writer;
  const auto child = child_process::spawn(options).value();
  pipe.writer.close();

  CHECK(read_text(pipe.reader) ==
        "[a b][][\"q\\][z\\\\] COMMY_TEST_A=x=y z "
        "COMMY_TEST_B=(unset) COMMY_LIFELINE=(set)");
}

TEST_CASE("a child without a lifeline does not get its parent's") {
  // The child's own child, whose parent was given a lifeline.
  auto pipe = make_pipe().value();
  auto options = child_with({"show_through"});
  options.output = &pipe.writer;
  const auto child = child_process::spawn(options).value();
  pipe.writer.close();

  CHECK(read_text(pipe.reader).ends_with("COMMY_LIFELINE=(unset)"));
}

TEST_CASE("a child's complaints can be read") {
  auto pipe = make_pipe().value();
  auto options = child_with({"no_such_role"});
  options.environment = {{"REPORT", "none"}};
  options.error_output = &pipe.writer;
  auto child = child_process::spawn(options).value();
  pipe.writer.close();

  CHECK(read_text(pipe.reader).starts_with("platform_child: REPORT: names no"));
  CHECK(child.wait_for(patience) == exit_status{kind::exited, 3});
}

TEST_CASE("a program that cannot be started is named") {
  const scratch_folder folder;
  spawn_options options;
  options.program = folder / "missing-program";

  const auto missing = child_process::spawn(options);
  CHECK(missing.error() == spawn_error::not_found);
  CHECK(missing.error().message().find("missing-program: ") !=
        std::string::npos);

  options.program = "commy-no-such-program-on-the-path";
  CHECK(child_process::spawn(options).error() == spawn_error::not_found);
}

TEST_CASE("texts that cannot be passed on are refused") {
  auto options = child_with({std::string{"a\0b", 3}});
  CHECK(child_process::spawn(options).error() == spawn_error::bad_argument);
  options = child_with({"exit", "0"});
  options.environment = {{"A=B", "c"}};
  CHECK(child_process::spawn(options).error() == spawn_error::bad_argument);
  options.environment = {{"", "c"}};
  CHECK(child_process::spawn(options).error() == spawn_error::bad_argument);
  options = child_with({});
  options.program.clear();
  CHECK(child_process::spawn(options).error() == spawn_error::bad_argument);
}
