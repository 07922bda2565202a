// tests/unit/platform/child.hpp: real child processes that play a given role.
#pragma once

#include <commy/platform/process.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// What no healthy step of a test needs, also on a busy machine.
inline constexpr std::chrono::seconds patience{30};

/// The program of platform_child.cpp, which lies beside the test program.
inline std::string child_program() {
  const std::filesystem::path here{commy::platform::executable_path()};
  return (here.parent_path() / ("platform_child" + here.extension().string()))
      .string();
}

/// Reads until `count` bytes have come or all writers are gone.
inline std::string read_text(commy::platform::pipe_reader& from,
                             std::size_t count = 4096) {
  std::string text;
  std::array<std::byte, 256> part;
  while (text.size() < count) {
    const auto got = from.read_some(std::span{part}.first(std::min(
                                        part.size(), count - text.size())),
                                    patience)
                         .value();
    if (got == 0) break;
    text.append(reinterpret_cast<const char*>(part.data()), got);
  }
  return text;
}

/// A child and the pipe on which it reports ("+" once it has what it wants).
struct playing_child {
  commy::platform::child_process process;
  commy::platform::pipe_reader report;

  [[nodiscard]] std::string next() { return read_text(report, 1); }
};

/// Starts the child program in a role.
inline playing_child play(std::vector<std::string> role_and_arguments,
                          bool lifeline = true) {
  auto pipe = commy::platform::make_pipe().value();
  commy::platform::spawn_options options;
  options.program = child_program();
  options.arguments = std::move(role_and_arguments);
  options.lifeline = lifeline;
  options.inherit = {{"REPORT", pipe.writer.native()}};
  return {commy::platform::child_process::spawn(options).value(),
          std::move(pipe.reader)};
}
