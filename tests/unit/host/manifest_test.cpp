#include "read_manifest.hpp"
#include <commy/host/manifest.hpp>
#include <commy/host/module.hpp>
#include <commy/platform/liveness.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>

using namespace std::chrono_literals;

namespace {

constexpr std::array gateway_options{
    commy::option{.name = "port",
                  .kind = commy::option_kind::integer,
                  .summary = "The port",
                  .standard = "7420",
                  .minimum = "0",
                  .maximum = "65535"},
    commy::option{.name = "key", .summary = "The key", .secret = true}};
constexpr std::array modules{
    commy::module_description{
        .name = "gateway", .summary = "The way in", .options = gateway_options},
    commy::module_description{.name = "heartbeat", .summary = "Life signs"}};

struct wrong_manifest {
  const char* json;
  const char* message;
};

std::ostream& operator<<(std::ostream& out, const wrong_manifest& m) {
  return out << m.json;
}

constexpr std::array wrong_manifests{
    wrong_manifest{"", "test.json:1:1: this is not JSON: it is empty"},
    wrong_manifest{" \n", "test.json:1:1: this is not JSON: it is empty"},
    wrong_manifest{
        "{\n  \"name\": \"a\",\n}",
        "test.json:3:1: this is not JSON: syntax error while parsing object "
        "key - unexpected '}'; expected string literal"},
    wrong_manifest{
        "{\"name\": \"a\"} // end",
        "test.json:1:15: this is not JSON: syntax error while parsing value - "
        "invalid literal; last read: '\"a\"} /'; expected end of input"},
    wrong_manifest{"[]",
                   "test.json:1:1: an object is wanted, a list was found"},
    wrong_manifest{"{}",
                   "test.json:1:1: the key \"name\" is missing: What this host "
                   "is called in logs and events"},
    wrong_manifest{
        R"({"name": 7})",
        "test.json:1:10: name: a text is wanted, a whole number was found"},
    wrong_manifest{R"({"name": "a/b"})",
                   "test.json:1:10: name: \"a/b\" is no name: 1 to 64 letters, "
                   "digits, '_', '-' and '.', not beginning with '.'"},
    wrong_manifest{R"({"name": "a", "proceses": {}})",
                   "test.json:1:15: proceses: unknown key; did you mean "
                   "\"processes\"?"},
    wrong_manifest{
        R"({"name": "a", "colour": 1})",
        "test.json:1:15: colour: unknown key; known are [$schema, name, "
        "tenant, modules, plugins, processes]"},
    wrong_manifest{
        "{\"name\": \"a\",\n \"name\": \"b\"}",
        "test.json:2:2: name: the key stands here twice, first in line 1; "
        "remove one"},
    wrong_manifest{R"({"name": "a", "modules": {"gatway": {}}})",
                   "test.json:1:27: modules.gatway: unknown module; did you "
                   "mean \"gateway\"?"},
    wrong_manifest{R"({"name": "a", "modules": {"printer": {}}})",
                   "test.json:1:27: modules.printer: unknown module; this "
                   "program has [gateway, heartbeat]"},
    wrong_manifest{R"({"name": "a", "modules": []})",
                   "test.json:1:26: modules: an object is wanted, a list was "
                   "found"},
    wrong_manifest{
        R"({"name": "a", "modules": {"gateway": {"prot": 1}}})",
        "test.json:1:39: modules.gateway.prot: unknown key; did you mean "
        "\"port\"?"},
    wrong_manifest{
        R"({"name": "a", "modules": {"heartbeat": {"x": 1}}})",
        "test.json:1:41: modules.heartbeat.x: unknown key; nothing can be set "
        "here"},
    wrong_manifest{
        R"({"name": "a", "modules": {"gateway": {"port": 70000}}})",
        "test.json:1:47: modules.gateway.port: a value from 0 to 65535 is "
        "wanted, 70000 was found"},
    wrong_manifest{
        R"({"name": "a", "modules": {"gateway": {"port": 1.5}}})",
        "test.json:1:47: modules.gateway.port: a whole number is wanted, a "
        "number was found"},
    wrong_manifest{R"({"name": "a", "plugins": [{"id": "p"}]})",
                   "test.json:1:27: plugins[0]: the key \"path\" is missing: "
                   "The library: relative to this file, or a bare name"},
    wrong_manifest{
        R"({"name": "a", "plugins": [{"id": "p", "path": "p.so"},
 {"id": "p", "path": "q.so"}]})",
        "test.json:2:2: plugins[1]: the id \"p\" is used by an earlier entry; "
        "choose another"},
    wrong_manifest{
        R"({"name": "a", "processes": {"s": {"program": "s",
 "restart": "on_fail"}}})",
        "test.json:2:13: processes.s.restart: one of [always, on_failure, "
        "never] is wanted, \"on_fail\" was found; did you mean "
        "\"on_failure\"?"},
    wrong_manifest{
        R"({"name": "a", "processes": {"s": {"program": "s",
 "restart": "alway"}}})",
        "test.json:2:13: processes.s.restart: one of [always, on_failure, "
        "never] is wanted, \"alway\" was found; did you mean \"always\"?"},
    wrong_manifest{
        R"({"name": "a", "processes": {"s": {"program": "s",
 "within": "10"}}})",
        "test.json:2:12: processes.s.within: a duration such as \"50ms\" (ns, "
        "us, ms, s, min, h, d) is wanted, \"10\" was found"},
    wrong_manifest{
        R"({"name": "a", "processes": {"s": {"program": "s",
 "within": "10ms"}}})",
        "test.json:2:12: processes.s.within: a value from 1s to 1d is wanted, "
        "10ms was found"},
    wrong_manifest{
        R"({"name": "a", "processes": {"s": {"program": "s",
 "arguments": ["x", 3]}}})",
        "test.json:2:21: processes.s.arguments[1]: a text is wanted, a whole "
        "number was found"},
    wrong_manifest{
        R"({"name": "a", "processes": {"my prog": {"program": ""}}})",
        "test.json:1:40: processes[\"my prog\"]: \"my prog\" is no name: 1 to "
        "64 letters, digits, '_', '-' and '.', not beginning with '.'\n"
        "test.json:1:52: processes[\"my prog\"].program: a length from 1 to "
        "4096 bytes is wanted, 0 was found"},
};

}  // namespace

TEST_CASE("a wrong manifest is answered with place, reason and advice") {
  for (const auto& wrong : wrong_manifests) {
    CAPTURE(wrong);
    const auto reading = read_manifest(wrong.json, modules);
    CHECK_FALSE(reading.value);
    CHECK(reading.text() == wrong.message);
  }
}

TEST_CASE("a manifest is read with its defaults") {
  const auto reading = read_manifest(R"({
    "name": "pulse",
    "modules": {"heartbeat": {}, "gateway": {"port": 0}},
    "plugins": [{"id": "alarm", "path": "libalarm.so",
                 "actors": {"alarm": "pulse.alarm"}}],
    "processes": {"sampler": {"program": "bin/sampler",
                              "arguments": ["--every", "100ms"],
                              "restart": "always",
                              "environment": {"A": "1"}}}})",
                                     modules);
  INFO(reading.text());
  REQUIRE(reading.value);
  const auto& m = *reading.value;
  CHECK(m.name() == "pulse");
  CHECK(m.tenant() == "default");
  CHECK(m.folder() == "/folder");
  CHECK(m.modules() == std::vector<std::string>{"heartbeat", "gateway"});
  REQUIRE(m.plugins().size() == 1);
  CHECK(m.plugins()[0].actors[0].first == "alarm");
  CHECK(m.plugins()[0].actors[0].second == "pulse.alarm");
  REQUIRE(m.processes().size() == 1);
  const auto& sampler = m.processes()[0];
  CHECK(sampler.name == "sampler");
  CHECK(sampler.arguments[1] == "100ms");
  CHECK(sampler.restart == commy::restart_policy::always);
  CHECK(sampler.max_restarts == 5);
  CHECK(sampler.within == 10s);
  CHECK(sampler.stop_within == 5s);
}

TEST_CASE("all problems of a manifest are told at once, in their order") {
  const auto reading = read_manifest(R"({
  "name": "a",
  "modules": {"gateway": {"prot": 1, "port": -1}},
  "processes": {"s": {"restart": "x"}},
  "plugin": []
})",
                                     modules);
  REQUIRE(reading.problems.count() == 5);
  CHECK(reading.text() ==
        "test.json:3:27: modules.gateway.prot: unknown key; did you mean "
        "\"port\"?\n"
        "test.json:3:46: modules.gateway.port: a value from 0 to 65535 is "
        "wanted, -1 was found\n"
        "test.json:4:22: processes.s: the key \"program\" is missing: The "
        "program: relative to this file, or a bare name\n"
        "test.json:4:34: processes.s.restart: one of [always, on_failure, "
        "never] is wanted, \"x\" was found\n"
        "test.json:5:3: plugin: unknown key; did you mean \"plugins\"?");
}

TEST_CASE("the failure quotes the first problem and counts the others") {
  const auto read = commy::manifest::from_text(
      R"({"nam": "a", "tenent": "b"})", "t.json", "/",
      [](std::string_view) { return std::nullopt; });
  REQUIRE_FALSE(read);
  CHECK(read.error() == commy::manifest_error::flawed);
  CHECK(read.error().message().find("(and 2 more problems)") !=
        std::string::npos);
}

TEST_CASE("a missing manifest, a folder and a huge file are refused") {
  namespace fs = std::filesystem;
  const auto folder = fs::temp_directory_path() /
                      ("commy-manifest-test-" +
                       std::to_string(commy::platform::this_process().pid));
  fs::create_directories(folder);
  const auto missing =
      commy::manifest::from_file((folder / "none.json").string());
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == commy::manifest_error::not_found);
  CHECK(missing.error().message() ==
        (folder / "none.json").string() +
            ": there is no such manifest; check the path");

  const auto not_a_file = commy::manifest::from_file(folder.string());
  REQUIRE_FALSE(not_a_file);
  CHECK(not_a_file.error() == commy::manifest_error::unreadable);

  const auto huge = (folder / "huge.json").string();
  std::ofstream{huge} << std::string((1U << 20U) + 1, ' ');
  const auto too_large = commy::manifest::from_file(huge);
  REQUIRE_FALSE(too_large);
  CHECK(too_large.error() == commy::manifest_error::unreadable);

  const auto good = (folder / "good.json").string();
  std::ofstream{good} << R"({"name": "a"})";
  const auto read = commy::manifest::from_file(good);
  REQUIRE(read);
  CHECK(read->folder() == folder.string());
  fs::remove_all(folder);
}

TEST_CASE("nesting, keys and values of a manifest are bounded") {
  const auto deep =
      "{\"x\":" + std::string(40, '[') + std::string(40, ']') + "}";
  CHECK(read_manifest(deep).problems.all()[0].code ==
        commy::manifest_flaw::too_deep);

  std::string wide = "[0";
  for (int i = 0; i < 70'000; ++i)
    wide += ",0";
  CHECK(read_manifest(wide + "]").problems.all()[0].code ==
        commy::manifest_flaw::too_many);

  std::string keys = "{";
  for (int i = 0; i < 2'000; ++i) {
    keys += "\"k" + std::to_string(i) + "\":0,";
  }
  const auto reading = read_manifest(keys + "\"name\":\"a\"}");
  CHECK(reading.problems.all()[0].code == commy::manifest_flaw::too_many);

  std::string processes = R"({"name": "a", "processes": {"p": {"program":"p"})";
  for (int i = 0; i < 64; ++i) {
    processes += ", \"p" + std::to_string(i) + R"(": {"program": "p"})";
  }
  CHECK(read_manifest(processes + "}}").text() ==
        "test.json:1:28: processes: at most 64 entries are wanted, 65 were "
        "found");
}

TEST_CASE("of very many problems the first hundred are kept and all counted") {
  std::string json = R"({"name": "a")";
  for (int i = 0; i < 300; ++i)
    json += ", \"x" + std::to_string(i) + "\": 0";
  const auto reading = read_manifest(json + "}");
  CHECK(reading.problems.all().size() == 100);
  CHECK(reading.problems.count() == 300);
  CHECK(reading.text().ends_with("\nand 200 more problems"));
}

TEST_CASE("bytes that are no UTF-8 are no JSON") {
  const auto reading = read_manifest("{\"name\": \"\xff\xfe\"}");
  CHECK(reading.problems.all()[0].code == commy::manifest_flaw::not_json);
}

TEST_CASE("a printed manifest has its defaults but none of its secrets") {
  const auto reading = read_manifest(
      R"({"name": "a", "modules": {"gateway": {"key": "${KEY}"}},
          "plugins": [{"id": "p", "path": "p.so",
                       "options": {"password": "hush"}}],
          "processes": {"s": {"program": "s",
                              "environment": {"TOKEN": "hush"}}}})",
      modules, {{"KEY", "hush"}});
  INFO(reading.text());
  REQUIRE(reading.value);
  const auto text = reading.value->print(modules);
  CHECK(text.find("hush") == std::string::npos);
  CHECK(text.find("\"port\": 7420") != std::string::npos);
  CHECK(text.find("\"TOKEN\": \"(secret)\"") != std::string::npos);
  CHECK(text.find("\"within\": \"10s\"") != std::string::npos);
  // Without the module's table nothing is known to be harmless.
  CHECK(reading.value->print({}).find("7420") == std::string::npos);
}

TEST_CASE("a secret is not quoted when it is wrong") {
  constexpr std::array options{
      commy::option{
          .name = "pin", .kind = commy::option_kind::integer, .secret = true},
      commy::option{.name = "age",
                    .kind = commy::option_kind::integer,
                    .maximum = "150",
                    .secret = true},
      commy::option{.name = "mood", .choices = "good|bad", .secret = true},
      commy::option{.name = "key", .minimum = "16", .secret = true}};
  commy::manifest_problems problems;
  static_cast<void>(commy::read_options(
      options,
      R"({"pin": "12x4", "age": 777, "mood": "strange", "key": "short"})",
      problems));
  CHECK(problems.count() == 4);
  for (const auto* word : {"12x4", "777", "strange", "short"}) {
    CAPTURE(word, problems.message());
    CHECK(problems.message().find(word) == std::string::npos);
  }
}
