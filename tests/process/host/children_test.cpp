#include "event_log.hpp"
#include <commy/host/children.hpp>
#include <commy/platform/liveness.hpp>
#include <commy/platform/pipe.hpp>
#include <commy/platform/process.hpp>

#include <catch2/catch_test_macros.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using kind = commy::process_event::kind;

namespace {

const std::string program = COMMY_TEST_CHILD;

commy::process_entry entry(
    std::vector<std::string> arguments,
    commy::restart_policy restart = commy::restart_policy::on_failure) {
  commy::process_entry made;
  made.name = "child";
  made.arguments = std::move(arguments);
  made.restart = restart;
  made.within = 10s;
  made.stop_within = 20s;
  return made;
}

struct fixture {
  commy::event_channel<commy::process_event> channel;
  event_log events{channel};
  commy::host::children children{channel};
};

std::string scratch_file(const char* name) {
  return (std::filesystem::temp_directory_path() /
          (name + std::to_string(commy::platform::this_process().pid)))
      .string();
}

// Waits until the file has content; gives up after 20 s.
std::string wait_for_content(const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < deadline) {
    std::ifstream file{path};
    std::string word;
    if (file >> word) return word;
    std::this_thread::yield();
  }
  return {};
}

}  // namespace

TEST_CASE("a child process that is killed is started again") {
  fixture f;
  REQUIRE(f.children.start_one(entry({"wait"}), program, {}));
  for (std::size_t round = 1; round <= 3; ++round) {
    const auto started = f.events.wait_for(kind::started, round);
    REQUIRE(started);
    CHECK(started->restarts == round - 1);
    REQUIRE(::kill(static_cast<pid_t>(started->pid), SIGKILL) == 0);
    const auto exited = f.events.wait_for(kind::exited, round);
    REQUIRE(exited);
    CHECK(exited->pid == started->pid);
    CHECK(exited->text.starts_with("killed by signal 9"));
  }
  REQUIRE(f.events.wait_for(kind::started, 4));
  CHECK(f.children.states()[0].restarts == 3);
  CHECK(f.children.stop().empty());
  CHECK(f.events.wait_for(kind::stopped));
}

TEST_CASE("a child process that ends too often is given up") {
  fixture f;
  auto failing = entry({"exit", "7"});
  failing.max_restarts = 2;
  REQUIRE(f.children.start_one(failing, program, {}));
  const auto gave_up = f.events.wait_for(kind::gave_up);
  REQUIRE(gave_up);
  CHECK(gave_up->restarts == 2);
  CHECK(f.events.wait_for(kind::exited, 3)->text == "exited with code 7");
  CHECK(f.children.states()[0].gave_up);
  CHECK(f.children.states()[0].pid == 0);
  CHECK(f.children.stop().empty());
}

TEST_CASE("a child process that succeeds is not started again on_failure") {
  fixture f;
  REQUIRE(f.children.start_one(entry({"exit", "0"}), program, {}));
  REQUIRE(f.events.wait_for(kind::exited));
  CHECK(f.children.stop().empty());
  CHECK(f.events.kinds() == std::vector{kind::started, kind::exited});
}

TEST_CASE("a child process that fails is not started again with never") {
  fixture f;
  REQUIRE(f.children.start_one(
      entry({"exit", "1"}, commy::restart_policy::never), program, {}));
  REQUIRE(f.events.wait_for(kind::exited));
  CHECK(f.children.stop().empty());
  CHECK(f.events.kinds() == std::vector{kind::started, kind::exited});
}

TEST_CASE("a child process that succeeds is started again with always") {
  fixture f;
  REQUIRE(f.children.start_one(
      entry({"exit", "0"}, commy::restart_policy::always), program, {}));
  CHECK(f.events.wait_for(kind::started, 2));
}

TEST_CASE("a child process that cannot be started at first is an error") {
  fixture f;
  const auto started = f.children.start_one(entry({}), "/nowhere/at-all", {});
  REQUIRE_FALSE(started);
  CHECK(started.error() == commy::host::child_error::not_started);
  CHECK(started.error().message().find("/nowhere/at-all") != std::string::npos);
  CHECK(f.children.states().empty());
}

TEST_CASE("a program that vanishes counts as one that ended") {
  fixture f;
  const auto copy = scratch_file("commy-vanishing-");
  std::filesystem::copy_file(program, copy);
  auto failing = entry({"wait"});
  failing.max_restarts = 2;
  REQUIRE(f.children.start_one(failing, copy, {}));
  const auto started = f.events.wait_for(kind::started);
  REQUIRE(started);
  std::filesystem::remove(copy);
  REQUIRE(::kill(static_cast<pid_t>(started->pid), SIGKILL) == 0);
  CHECK(f.events.wait_for(kind::start_failed, 2));
  CHECK(f.events.wait_for(kind::gave_up));
}

TEST_CASE("a child process that does not end when asked is killed and named") {
  fixture f;
  const auto ready = scratch_file("commy-ready-");
  auto stubborn = entry({"stay", ready});
  stubborn.stop_within = 100ms;
  REQUIRE(f.children.start_one(stubborn, program, {}));
  REQUIRE(wait_for_content(ready) == "ready");
  CHECK(f.children.stop() == std::vector<std::string>{"child"});
  const auto stopped = f.events.wait_for(kind::stopped_late);
  REQUIRE(stopped);
  CHECK(stopped->text.starts_with("killed by signal 9"));
  std::filesystem::remove(ready);
}

TEST_CASE("stopping ends a pause before a restart") {
  fixture f;
  auto failing = entry({"exit", "1"});
  failing.max_restarts = 1000;
  failing.within = 1h;
  REQUIRE(f.children.start_one(failing, program, {}));
  // The pause after the fifth end is at least 600 ms.
  REQUIRE(f.events.wait_for(kind::restarting, 5));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(f.children.stop().empty());
  CHECK(std::chrono::steady_clock::now() - begin < 600ms);
}

TEST_CASE("what the host sets wins over the manifest's environment") {
  fixture f;
  const auto said = scratch_file("commy-said-");
  auto saying = entry({"say", said});
  saying.environment = {{"COMMY_TEST_WORD", "manifest"}};
  REQUIRE(f.children.start_one(saying, program, {{"COMMY_TEST_WORD", "host"}}));
  REQUIRE(f.events.wait_for(kind::exited));
  CHECK(wait_for_content(said) == "host");
  std::filesystem::remove(said);
}

TEST_CASE("children learn of their host's death by their lifeline") {
  // Orphans come to this process, which then sees how they ended.
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  auto output = commy::platform::make_pipe().value();
  commy::platform::spawn_options how;
  how.program = program;
  how.arguments = {"keep"};
  how.output = &output.writer;
  auto host = commy::platform::child_process::spawn(how).value();
  std::array<std::byte, 32> bytes{};
  const auto size = output.reader.read_some(bytes, 20s).value();
  const auto grandchild = static_cast<pid_t>(std::stoi(
      std::string(reinterpret_cast<const char*>(bytes.data()), size)));

  host.kill();
  REQUIRE(host.wait_for(20s));

  int status = 0;
  REQUIRE(::waitpid(grandchild, &status, 0) == grandchild);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
}
