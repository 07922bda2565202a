#include <commy/platform/liveness.hpp>
#include <commy/platform/process.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

using namespace std::chrono_literals;
using commy::platform::child_process;

/// What a program prints, which must end well within a minute.
std::string output_of(const commy::platform::spawn_options& how) {
  auto pipe = commy::platform::make_pipe().value();
  auto options = how;
  options.output = &pipe.writer;
  auto child = child_process::spawn(options).value();
  pipe.writer.close();
  std::string text;
  std::array<std::byte, 512> bytes;
  for (;;) {
    const auto got = pipe.reader.read_some(bytes, 60s).value();
    if (got == 0) break;
    text.append(reinterpret_cast<const char*>(bytes.data()), got);
  }
  const auto ended = child.wait_for(60s);
  REQUIRE(ended);
  CHECK(ended->text() == "exited with code 0");
  return text;
}

std::string file_text(const std::string& path) {
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the sample share goes on where its last run ended") {
  const auto folder =
      std::filesystem::temp_directory_path() /
      ("commy-share-" + std::to_string(commy::platform::random_u64()));
  commy::platform::spawn_options options;
  options.program = COMMY_SHARE;
  options.environment = {{"COMMY_DIRECTORY", folder.string()}};

  CHECK(output_of(options) == "999997 pieces left, 1 orders\n");
  CHECK(output_of(options) == "999994 pieces left, 2 orders\n");

  std::filesystem::remove_all(folder);
}

TEST_CASE("the README shows the sample share as it is") {
  const std::string root = COMMY_SOURCE;
  const auto readme = file_text(root + "/README.md");
  const auto sample = file_text(root + "/samples/share/share.cpp");

  REQUIRE_FALSE(sample.empty());
  CHECK(readme.find("```cpp\n" + sample + "```\n") != std::string::npos);
}
