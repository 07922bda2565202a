// The samples of samples/data, run as a user would run them.
#include "sample_process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using commy::test::sample_folder;

namespace {

struct samples {
  sample_folder folder;

  /// What a sample prints; it must end well.
  // NOLINTNEXTLINE(modernize-use-nodiscard): some print nothing.
  std::string run(const std::string& name,
                  const std::vector<std::string>& arguments) const {
    const auto ended = folder.run(path(name), arguments);
    CHECK(ended.how == "exited with code 0");
    return ended.output;
  }
  [[nodiscard]] static std::string path(const std::string& name) {
    return std::string{COMMY_DATA_SAMPLES} + "/" + name;
  }
};

}  // namespace

TEST_CASE("the sample counter counts until it is closed") {
  const samples s;
  CHECK(s.run("counter", {}) == "counted, visit 1\n");
  CHECK(s.run("counter", {"add"}) == "counted, visit 2\n");
  CHECK(s.run("counter", {"close"}) == "closed\n");
  CHECK(s.run("counter", {"close"}) == "was closed already\n");
  CHECK(s.run("counter", {"add"}) == "closed, visit 2\n");
}

TEST_CASE("the sample jobs does a job again whose worker died") {
  const samples s;
  CHECK(s.run("jobs", {"add", "3"}) == "3 jobs added\n");
  const auto crashed = s.folder.run(samples::path("jobs"), {"work", "2"});
  CHECK(crashed.how != "exited with code 0");
  CHECK(s.run("jobs", {"work", "2"}) ==
        "job 3 done, try 1\njob 2 done, try 2\n");
  CHECK(s.run("jobs", {"work"}).empty());
}

TEST_CASE("the sample settings tells its watchers what changes") {
  const samples s;
  s.run("settings", {"set", "port", "80", "host", "a"});
  CHECK(s.run("settings", {"list"}) == "host = a\nport = 80\n");
  auto watching = s.folder.start(samples::path("settings"), {"watch", "3"});
  REQUIRE(watching.says("watching"));
  s.run("settings", {"set", "port", "81", "color", "red"});
  REQUIRE(watching.says("color is now red"));
  CHECK(s.run("settings", {"erase", "host"}) == "erased\n");
  const auto ended = watching.wait();
  CHECK(ended.how == "exited with code 0");
  CHECK(ended.output ==
        "host = a\nport = 80\nwatching\nport is now 81\n"
        "color is now red\nhost is now gone\n");
}

TEST_CASE("the sample sessions forgets who was away for a minute") {
  const samples s;
  CHECK(s.run("sessions", {"login", "abc", "7", "100"}) == "1 sessions\n");
  CHECK(s.run("sessions", {"login", "def", "8", "110"}) == "2 sessions\n");
  CHECK(s.run("sessions", {"ask", "abc", "150"}) == "user 7\n");
  CHECK(s.run("sessions", {"expire", "170"}) == "1 expired\n");
  CHECK(s.run("sessions", {"ask", "def", "171"}) == "log in first\n");
  CHECK(s.run("sessions", {"ask", "abc", "171"}) == "user 7\n");
}

TEST_CASE("the sample telemetry collects what was reported, once") {
  const samples s;
  s.run("telemetry", {"report", "oven", "20", "180.5"});
  s.run("telemetry", {"report", "hall", "19"});
  s.run("telemetry", {"report", "oven", "200"});
  CHECK(s.run("telemetry", {"collect"}) ==
        "hall: 1 readings, 19.0 to 19.0\noven: 3 readings, 20.0 to 200.0\n");
  CHECK(s.run("telemetry", {"collect"}).empty());
}

TEST_CASE("the sample people knows who is here, and who is a guest") {
  const samples s;
  CHECK(s.run("people", {"hire", "Ada"}) == "hired\n");
  CHECK(s.run("people", {"hire", "Ada"}) == "known\n");
  s.run("people", {"hire", "Bob"});
  s.run("people", {"come", "Ada"});
  s.run("people", {"come", "Eve"});
  s.run("people", {"say", "cake in the kitchen"});
  CHECK(s.run("people", {"show"}) ==
        "notice: cake in the kitchen\nAda is here\nBob is not here\n"
        "Eve is a guest\n");
}

TEST_CASE("samples say how they are used, and what is wrong") {
  const samples s;
  for (const auto* name :
       {"counter", "jobs", "settings", "sessions", "telemetry", "people"}) {
    CAPTURE(name);
    CHECK(s.run(name, {"--help"}).starts_with("Usage: "));
    const auto wrong = s.folder.run(samples::path(name), {"fly"});
    CHECK(wrong.how == "exited with code 2");
    CHECK(wrong.output.starts_with("Usage: "));
  }
}

TEST_CASE("the sample inspect shows and changes what others keep") {
  const samples s;
  s.run("counter", {"add"});
  s.run("settings", {"set", "port", "80", "host", "a"});
  CHECK(s.run("inspect", {"samples/counter"}) ==
        "open: box<bool>\nvisits: box<i64>\n");
  CHECK(s.run("inspect", {"samples/counter", "visits"}) == "1\n");
  CHECK(s.run("inspect", {"samples/counter", "visits", "assign", "41"}) ==
        "assigned\n");
  CHECK(s.run("counter", {"add"}) == "counted, visit 42\n");
  CHECK(s.run("inspect", {"samples/settings", "settings", "set", "port",
                          "\"81\""}) == "replaced\n");
  CHECK(s.run("settings", {"list"}) == "host = a\nport = 81\n");
  CHECK(s.run("inspect", {"samples/settings", "settings", "erase", "host"}) ==
        "erased\n");
  CHECK(s.run("inspect", {"samples/settings", "settings"}) ==
        "{port: \"81\"}\n");

  // What does not fit is refused, with the reason on its error stream.
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"assign", "perhaps"}, {"push", "1"}}) {
    std::vector<std::string> arguments{"samples/counter", "open"};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    CHECK(s.folder.run(samples::path("inspect"), arguments).how ==
          "exited with code 1");
  }
  CHECK(s.run("inspect", {"samples/counter", "open"}) == "true\n");
}
