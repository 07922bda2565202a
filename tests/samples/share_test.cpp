#include "sample_process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <sstream>
#include <string>

using commy::test::sample_folder;

namespace {

std::string file_text(const std::string& path) {
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the sample share goes on where its last run ended") {
  const sample_folder folder;
  const auto run = [&] { return folder.run(COMMY_SHARE).output; };

  CHECK(run() == "999997 pieces left, 1 orders\n");
  CHECK(run() == "999994 pieces left, 2 orders\n");
}

TEST_CASE("the README shows the sample share as it is") {
  const std::string root = COMMY_SOURCE;
  const auto readme = file_text(root + "/README.md");
  const auto sample = file_text(root + "/samples/share/share.cpp");

  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```cpp\n" + sample + "```\n") != std::string::npos);
}
