#include "sample_process.hpp"

#include <commy/platform/liveness.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <utility>

namespace commy::test {
namespace {

using namespace std::chrono_literals;

/// What no sample needs, also on a busy machine.
constexpr auto long_enough = 60s;

platform::child_process start_program(const std::string& program,
                                      std::vector<std::string> arguments,
                                      const std::string& folder,
                                      platform::pipe_reader& output) {
  auto pipe = platform::make_pipe().value();
  platform::spawn_options how;
  how.program = program;
  how.arguments = std::move(arguments);
  how.environment = {{"COMMY_DIRECTORY", folder}};
  how.output = &pipe.writer;
  auto child = platform::child_process::spawn(how).value();
  output = std::move(pipe.reader);
  return child;
}

}  // namespace

sample_process::sample_process(const std::string& program,
                               std::vector<std::string> arguments,
                               const std::string& folder)
    : child_{start_program(program, std::move(arguments), folder, output_)} {}

bool sample_process::read_more() {
  std::array<std::byte, 512> bytes;
  const auto got = output_.read_some(bytes, long_enough).value();
  text_.append(reinterpret_cast<const char*>(bytes.data()), got);
  return got != 0;
}

bool sample_process::says(const std::string& line) {
  while (text_.find(line + "\n") == std::string::npos) {
    if (!read_more()) return false;
  }
  return true;
}

sample_process::ending sample_process::wait() {
  while (read_more()) {
  }
  const auto ended = child_.wait_for(long_enough);
  return {text_, ended ? ended->text() : "still running"};
}

sample_folder::sample_folder()
    : path_{(std::filesystem::temp_directory_path() /
             ("commy-sample-" + std::to_string(platform::random_u64())))
                .string()} {}

sample_folder::~sample_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

sample_process sample_folder::start(const std::string& program,
                                    std::vector<std::string> arguments) const {
  return {program, std::move(arguments), path_};
}

}  // namespace commy::test
