#include "read_manifest.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <string>

namespace {

// What becomes of a text in the manifest.
std::string expanded(
    const std::string& text,
    const std::map<std::string, std::string, std::less<>>& variables) {
  const auto reading = read_manifest(
      R"({"name": "a", "processes": {"p": {"program": ")" + text + "\"}}}",
      variables);
  if (!reading.value) return reading.text();
  return reading.value->processes()[0].program;
}

}  // namespace

TEST_CASE("a variable stands for its value") {
  CHECK(expanded("${A}/${B}.${A}", {{"A", "x"}, {"B", "y"}}) == "x/y.x");
  CHECK(expanded("<${A}>", {{"A", ""}}) == "<>");
}

TEST_CASE("a variable that is not set is an error that names it") {
  CHECK(expanded("${HOME_OF_COMMY}", {}) ==
        "test.json:1:46: processes.p.program: the environment variable "
        "HOME_OF_COMMY is not set; set it, or write ${HOME_OF_COMMY:-default}");
}

TEST_CASE("a default stands for a variable that is not set or empty") {
  CHECK(expanded("${A:-x/y:-z}", {}) == "x/y:-z");
  CHECK(expanded("<${A:-x}>", {{"A", ""}}) == "<x>");
  CHECK(expanded("${A:-x}", {{"A", "y"}}) == "y");
  CHECK(expanded("a${A:-}", {}) == "a");
}

TEST_CASE("a variable can say why it is wanted") {
  CHECK(expanded("${A:?say where the programs are}", {}) ==
        "test.json:1:46: processes.p.program: the environment variable A is "
        "not set: say where the programs are");
  CHECK(expanded("${A:?why}", {{"A", "v"}}) == "v");
}

TEST_CASE("two dollar signs are one") {
  CHECK(expanded("$${A} costs $$5", {}) == "${A} costs $5");
}

TEST_CASE("what a variable yields is not looked at again") {
  CHECK(expanded("${A}", {{"A", "${B} $$ \\\" }"}, {"B", "no"}}) ==
        "${B} $$ \\\" }");
}

TEST_CASE("a dollar sign that begins no variable is an error") {
  for (const std::string text : {"$A", "5$", "${A", "${}", "${1A}", "${A-x}"}) {
    CAPTURE(text);
    const auto reading = read_manifest(
        R"({"name": "a", "processes": {"p": {"program": ")" + text + "\"}}}",
        {{"A", "x"}});
    REQUIRE(reading.problems.count() >= 1);
    CHECK(reading.problems.all()[0].code == commy::manifest_flaw::bad_variable);
  }
}

TEST_CASE("keys are not expanded") {
  const auto reading = read_manifest(
      R"({"name": "a", "processes": {"p": {"program": "p",
          "environment": {"${A}": "${A}"}}}})",
      {{"A", "x"}});
  REQUIRE(reading.value);
  const auto& environment = reading.value->processes()[0].environment;
  CHECK(environment[0].first == "${A}");
  CHECK(environment[0].second == "x");
}

TEST_CASE("a variable can give a number its value") {
  const auto reading = read_manifest(
      R"({"name": "a", "processes": {"p": {"program": "p",
          "max_restarts": "${N}"}}})",
      {{"N", "7"}});
  REQUIRE(reading.value);
  CHECK(reading.value->processes()[0].max_restarts == 7);
}
