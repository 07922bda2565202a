// child.hpp: a modules_child that is ready.
#pragma once

#include <commy/platform/pipe.hpp>
#include <commy/platform/process.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace commy::tests {

using namespace std::chrono_literals;

/// Starts one and waits until it says that it is ready.
inline platform::child_process start_child(const std::string& what,
                                           const std::string& folder,
                                           const std::string& rest) {
  auto pipe = platform::make_pipe().value();
  platform::spawn_options how;
  how.program = COMMY_TEST_CHILD;
  how.arguments = {what, folder, rest};
  how.output = &pipe.writer;
  auto child = platform::child_process::spawn(how).value();
  pipe.writer.close();
  std::array<std::byte, 16> said;
  const auto got = pipe.reader.read_some(said, 20s).value();
  REQUIRE(got > 0);
  return child;
}

/// Waits until `condition()` holds; false after twenty seconds.
template <class Condition>
[[nodiscard]] bool becomes_true(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace commy::tests
