#include "../../unit/host/scratch_folder.hpp"
#include <commy/containers/shared_box.hpp>
#include <commy/memory/segment.hpp>
#include <commy/platform/pipe.hpp>
#include <commy/platform/process.hpp>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;
using commy::platform::exit_status;

// The program under test, and what it says.
class tool {
public:
  explicit tool(std::vector<std::string> arguments) {
    auto out = commy::platform::make_pipe().value();
    auto error = commy::platform::make_pipe().value();
    commy::platform::spawn_options how;
    how.program = COMMY_TEST_TOOL;
    how.arguments = std::move(arguments);
    how.output = &out.writer;
    how.error_output = &error.writer;
    process_ = commy::platform::child_process::spawn(how).value();
    out_ = std::move(out.reader);
    error_ = std::move(error.reader);
  }

  // Reads from standard error until it has said `words`; false after 20 s.
  bool says(const std::string& words) {
    while (errors_.find(words) == std::string::npos) {
      if (!read_more(error_, errors_)) return false;
    }
    return true;
  }
  // Its exit code; 1000 when it was killed, 1001 when it still runs.
  int code() {
    while (read_more(out_, output_)) {
    }
    while (read_more(error_, errors_)) {
    }
    const auto status = process_.wait_for(20s);
    if (!status) return 1001;
    return status->how == exit_status::kind::exited
               ? static_cast<int>(status->code)
               : 1000;
  }
  const std::string& output() const { return output_; }
  const std::string& errors() const { return errors_; }
  pid_t pid() const { return static_cast<pid_t>(process_.pid()); }
  void kill() { process_.kill(); }

private:
  static bool read_more(commy::platform::pipe_reader& from, std::string& into) {
    std::array<std::byte, 4096> bytes{};
    const auto size = from.read_some(bytes, 20s);
    if (!size || *size == 0) return false;
    into.append(reinterpret_cast<const char*>(bytes.data()), *size);
    return true;
  }

  commy::platform::child_process process_;
  commy::platform::pipe_reader out_;
  commy::platform::pipe_reader error_;
  std::string output_;
  std::string errors_;
};

struct fixture {
  scratch_folder scratch;
  std::string segments = scratch / "segments";

  std::string manifest(const std::string& json) const {
    auto path = scratch / "commy.json";
    std::ofstream{path} << json;
    return path;
  }
  tool run(const std::string& json) const {
    return tool{{"run", manifest(json), "--segment-folder", segments,
                 "--plugin-folder", COMMY_TEST_PLUGINS}};
  }
};

const std::string waiting =
    std::string{R"({"name": "test", "processes": {"waiting": {"program": ")"} +
    COMMY_TEST_CHILD + R"(", "arguments": ["wait"]}}})";

}  // namespace

TEST_CASE("commy without a command, or with a wrong one, says how it is used") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"dance"}, {"run"}, {"check", "--loud"}}) {
    tool commy{arguments};
    CHECK(commy.code() == 2);
    CHECK(commy.errors().find("--help") != std::string::npos);
  }
}

TEST_CASE("commy tells its version and its exit codes") {
  tool version{{"--version"}};
  CHECK(version.code() == 0);
  CHECK(version.output() == "commy " COMMY_TEST_VERSION "\n");
  tool help{{"--help"}};
  CHECK(help.code() == 0);
  CHECK(help.output().find("Exit codes: 0 success") != std::string::npos);
}

TEST_CASE("commy schema writes a JSON schema") {
  tool commy{{"schema"}};
  CHECK(commy.code() == 0);
  const auto schema = nlohmann::json::parse(commy.output());
  CHECK(schema["properties"].contains("processes"));
}

TEST_CASE("commy check tells all that is wrong and returns 3") {
  const fixture f;
  tool missing{{"check", f.scratch / "none.json"}};
  CHECK(missing.code() == 3);
  CHECK(missing.errors() == f.scratch / "none.json" +
                                ": there is no such manifest; check the "
                                "path\n");

  const auto path = f.manifest("{\n  \"nam\": \"x\",\n  \"tenant\": 3\n}");
  tool flawed{{"check", path}};
  CHECK(flawed.code() == 3);
  CHECK(flawed.errors() ==
        path +
            ":1:1: the key \"name\" is missing: What this host is called "
            "in logs and events\n" +
            path + ":2:3: nam: unknown key; did you mean \"name\"?\n" + path +
            ":3:13: tenant: a text is wanted, a whole number was found\n");
}

TEST_CASE("commy check looks into plugins") {
  const fixture f;
  const auto path = f.manifest(R"({"name": "x", "plugins": [
    {"id": "test_good", "path": "good.so", "options": {"nummer": 1},
     "actors": {"echo": "test.ecko"}},
    {"id": "none", "path": "none.so"}]})");
  tool commy{{"check", path, "--plugin-folder", COMMY_TEST_PLUGINS}};
  CHECK(commy.code() == 3);
  for (const std::string words :
       {"plugins[0].options.nummer: unknown key; did you mean \"number\"?",
        "plugins[0].actors.echo: the plugin has no type \"test.ecko\"; did you "
        "mean \"test.echo\"?",
        "plugins[1].path: none.so: there is no such plugin library"}) {
    CAPTURE(words, commy.errors());
    CHECK(commy.errors().find(words) != std::string::npos);
  }
}

TEST_CASE("commy check --print shows what the host will run") {
  const fixture f;
  tool commy{{"check", "--print", f.manifest(waiting)}};
  CHECK(commy.code() == 0);
  const auto shown = nlohmann::json::parse(commy.output());
  CHECK(shown["processes"]["waiting"]["restart"] == "on_failure");
}

TEST_CASE("Ctrl-C and SIGTERM end commy run in order") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const fixture f;
    auto commy = f.run(waiting);
    REQUIRE(commy.says("host test of tenant default is up"));
    REQUIRE(::kill(commy.pid(), signal) == 0);
    CHECK(commy.code() == 0);
    CHECK_FALSE(fs::exists(f.segments));
  }
}

TEST_CASE("a second signal in the same moment is not taken for impatience") {
  const fixture f;
  auto commy = f.run(waiting);
  REQUIRE(commy.says("host test of tenant default is up"));
  REQUIRE(::kill(commy.pid(), SIGINT) == 0);
  REQUIRE(::kill(commy.pid(), SIGINT) == 0);
  CHECK(commy.code() == 0);
}

TEST_CASE("a second Ctrl-C ends commy run at once") {
  const fixture f;
  const auto ready = f.scratch / "ready";
  auto commy = f.run(
      std::string{R"({"name": "test", "processes": {"p": {"program": ")"} +
      COMMY_TEST_CHILD + R"(", "arguments": ["stay", ")" + ready +
      R"("], "stop_within": "5min"}}})");
  REQUIRE(commy.says("is up"));
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!fs::exists(ready) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  REQUIRE(::kill(commy.pid(), SIGINT) == 0);
  REQUIRE(commy.says("stopping"));
  // The first ones still count as an echo of the first signal.
  while (::kill(commy.pid(), SIGINT) == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(commy.pid()), &ended,
             WEXITED | WNOWAIT | WNOHANG);
    if (ended.si_pid != 0) break;
  }
  CHECK(commy.code() == 1000);
}

TEST_CASE("what does not stop in time makes commy return 5") {
  const fixture f;
  const auto ready = f.scratch / "ready";
  auto commy = f.run(
      std::string{R"({"name": "test", "processes": {"p": {"program": ")"} +
      COMMY_TEST_CHILD + R"(", "arguments": ["stay", ")" + ready +
      R"("], "stop_within": "50ms"}}})");
  REQUIRE(commy.says("is up"));
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!fs::exists(ready) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  REQUIRE(::kill(commy.pid(), SIGTERM) == 0);
  CHECK(commy.code() == 5);
  CHECK(commy.errors().find("commy: process p had to be killed\n") !=
        std::string::npos);
  CHECK_FALSE(fs::exists(f.segments));
}

TEST_CASE("what does not start makes commy return 4 and say why") {
  const fixture f;
  auto commy = f.run(R"({"name": "test", "plugins": [
      {"id": "better", "path": "good.so"}]})");
  CHECK(commy.code() == 4);
  CHECK(
      commy.errors().find("good.so: wanted \"better\", found \"test_good\"") !=
      std::string::npos);
}

TEST_CASE("a second commy run for one tenant returns 4 and names the first") {
  const fixture f;
  auto first = f.run(waiting);
  REQUIRE(first.says("is up"));
  auto second = f.run(waiting);
  CHECK(second.code() == 4);
  CHECK(second.errors().find("the host with pid " +
                             std::to_string(first.pid())) != std::string::npos);
}

TEST_CASE("after a kill -9 of commy its children end and the next one starts") {
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const fixture f;
  auto first = f.run(waiting);
  REQUIRE(first.says(") started"));
  REQUIRE(first.says("is up"));
  const auto at = first.errors().find("(pid ");
  const auto child =
      static_cast<pid_t>(std::stoi(first.errors().substr(at + 5)));
  first.kill();
  CHECK(first.code() == 1000);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);

  auto second = f.run(waiting);
  REQUIRE(second.says("is up"));
  REQUIRE(::kill(second.pid(), SIGTERM) == 0);
  CHECK(second.code() == 0);
  CHECK_FALSE(fs::exists(f.segments));
}

TEST_CASE("commy segments lists what the folder holds") {
  const fixture f;
  commy::segment_options options;
  options.folder = f.segments;
  tool none{{"segments", "--segment-folder", f.segments}};
  CHECK(none.code() == 0);
  CHECK(none.output().find("participants") != std::string::npos);
  auto home = commy::segment::create("shop/prices", options).value();
  home.create<commy::shared_box<int>>("box").value();
  tool commy{{"segments", "--segment-folder", f.segments}};
  CHECK(commy.code() == 0);
  const auto at = commy.output().find("shop/prices");
  REQUIRE(at != std::string::npos);
  const auto line = commy.output().substr(at);
  INFO(line);
  CHECK(line.find("1.0 GiB") != std::string::npos);
  CHECK(line.ends_with("1  1\n"));

  std::ofstream{f.segments + "/shop/prices/data", std::ios::app} << 'x';
  fs::create_directories(f.segments + "/odd");
  std::ofstream{f.segments + "/odd/data"} << "no segment";
  std::ofstream{f.segments + "/odd/control"} << "no segment";
  tool odd{{"segments", "--segment-folder", f.segments}};
  CHECK(odd.code() == 6);
  CHECK(odd.output().find("no segment; nothing was changed") !=
        std::string::npos);
}

TEST_CASE("commy fsck finds damage, leaves it, and mends it on request") {
  const fixture f;
  commy::segment_options options;
  options.folder = f.segments;
  {
    auto home = commy::segment::create("shop", options).value();
    home.create<commy::shared_box<int>>("box", 5).value();
    tool busy{{"fsck", "--segment-folder", f.segments, "shop"}};
    CHECK(busy.code() == 6);
    CHECK(busy.output().find("shop: not checked: ") == 0);
    CHECK(busy.output().find("still has the segment open") !=
          std::string::npos);
  }
  tool whole{{"fsck", "--segment-folder", f.segments}};
  CHECK(whole.code() == 0);
  CHECK(whole.output().find("shop: whole, ") == 0);
  {
    std::fstream data{f.segments + "/shop/data",
                      std::ios::binary | std::ios::in | std::ios::out};
    const std::uint64_t poisoned = 1;
    data.seekp(offsetof(commy::memory::data_header, poisoned));
    data.write(reinterpret_cast<const char*>(&poisoned), sizeof poisoned);
  }
  for (int look = 0; look < 2; ++look) {
    tool damaged{{"fsck", "--segment-folder", f.segments, "shop"}};
    CHECK(damaged.code() == 6);
    CHECK(damaged.output().find("1 findings") != std::string::npos);
    CHECK(damaged.output().find("nothing was changed") != std::string::npos);
  }
  tool repair{{"fsck", "--repair", "--segment-folder", f.segments, "shop"}};
  CHECK(repair.code() == 0);
  CHECK(repair.output().find("repaired 1, left 0") != std::string::npos);
  auto home = commy::segment::open("shop", options).value();
  CHECK(home.open<commy::shared_box<int>>("box").value().get().value() == 5);
  tool missing{{"fsck", "--segment-folder", f.segments, "none"}};
  CHECK(missing.code() == 6);
  CHECK(missing.output().find("there is no such segment") != std::string::npos);
}
