#include "child.hpp"
#include "posix_fork.hpp"
#include "scratch.hpp"
#include <commy/platform/process.hpp>
#include <commy/platform/termination.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace commy::platform;
using kind = exit_status::kind;

TEST_CASE("a file that is no program, or may not be run, says so") {
  const scratch_folder folder;
  spawn_options options;
  options.program = make_file(folder, "tool", 64);
  CHECK(child_process::spawn(options).error() == spawn_error::no_permission);

  std::filesystem::permissions(options.program, std::filesystem::perms{0700});
  CHECK(child_process::spawn(options).error() == spawn_error::not_executable);
}

TEST_CASE("a child is told apart by the signal that killed it") {
  auto child = play({"terminable"});
  REQUIRE(child.next() == "+");

  ::kill(static_cast<pid_t>(child.process.pid()), SIGKILL);

  const auto status = child.process.wait_for(patience);
  CHECK(status == exit_status{kind::killed, SIGKILL});
  CHECK(status->text() == "killed by signal 9 (Killed)");
}

TEST_CASE("no zombie stays behind") {
  pid_t pid = 0;
  {
    auto child = play({"terminable"});
    REQUIRE(child.next() == "+");
    pid = static_cast<pid_t>(child.process.pid());
  }
  CHECK(::waitpid(pid, nullptr, WNOHANG) == -1);
}

TEST_CASE("a child somebody else has waited for is not waited for in vain") {
  auto child = play({"exit", "0"});
  REQUIRE(result_of(static_cast<pid_t>(child.process.pid())) == 0);

  CHECK(child.process.wait_for(patience) == exit_status{kind::unknown, 0});
}

TEST_CASE("a child leads a group of its own") {
  auto child = play({"terminable"});
  const auto pid = static_cast<pid_t>(child.process.pid());
  CHECK(::getpgid(pid) == pid);
}

TEST_CASE("a child starts with broken pipes deadly again") {
  // What this process ignores is put back at the end of the test.
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  ignore_broken_pipes();
  auto pipe = make_pipe().value();
  spawn_options options;
  options.program = "sh";
  options.arguments = {"-c", "grep -E '^(SigBlk|SigIgn)' /proc/self/status"};
  options.output = &pipe.writer;
  const auto child = child_process::spawn(options).value();
  pipe.writer.close();
  const auto text = read_text(pipe.reader);
  std::signal(SIGPIPE, before);

  INFO(text);
  const auto mask_of = [&](const std::string& name) {
    return std::stoull(text.substr(text.find(name) + name.size()), nullptr, 16);
  };
  CHECK(mask_of("SigBlk:") == 0);
  CHECK((mask_of("SigIgn:") & 1U << (SIGPIPE - 1)) == 0);
}

TEST_CASE("a child gets no descriptor but those handed to it") {
  const scratch_folder folder;
  const auto open_here =
      file::open(make_file(folder, "data", 64), access::read_only).value();
  auto pipe = make_pipe().value();
  spawn_options options;
  options.program = "sh";
  options.arguments = {"-c",
                       "cd /proc/self/fd; for n in *; do [ -e $n ] && "
                       "[ $n -gt 2 ] && echo $n; done; echo end"};
  options.lifeline = false;
  options.output = &pipe.writer;
  const auto child = child_process::spawn(options).value();
  pipe.writer.close();

  const auto shown = read_text(pipe.reader);

  const auto ours = std::to_string(open_here.native()) + "\n";
  CHECK(shown.find(ours) == std::string::npos);
}

TEST_CASE("signals end what waits for them, and are as before afterwards") {
  std::signal(SIGTERM, SIG_IGN);
  {
    const termination_watch watch;
    ::raise(SIGINT);
    CHECK(watch.wait_for(patience));
  }
  {
    const termination_watch watch;
    ::raise(SIGTERM);
    CHECK(watch.requested());
  }
  CHECK(std::signal(SIGTERM, SIG_DFL) == SIG_IGN);
}

TEST_CASE("a pipe made without standard streams stays clear of their numbers") {
  CHECK(in_forked_child([] {
          ::close(0);
          ::close(1);
          ::close(2);
          const auto pipe = make_pipe().value();
          return pipe.reader.native() > 2 && pipe.writer.native() > 2 ? 0 : 1;
        }) == 0);
}
