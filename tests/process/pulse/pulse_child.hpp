// pulse_child.hpp: the programs of the sample as children of a test.
#pragma once

#include <commy/platform/process.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// What no healthy step of a test needs, also on a busy machine.
inline constexpr std::chrono::seconds healthy_time{30};

inline constexpr commy::platform::exit_status killed{
    commy::platform::exit_status::kind::killed, SIGKILL};
inline constexpr commy::platform::exit_status exited(std::uint32_t code) {
  return {commy::platform::exit_status::kind::exited, code};
}

inline commy::platform::child_process start_program(
    std::string program, std::vector<std::string> arguments) {
  commy::platform::spawn_options how;
  how.program = std::move(program);
  how.arguments = std::move(arguments);
  return commy::platform::child_process::spawn(how).value();
}

/// Calls `holds` until it is true, for as long as a healthy program may take.
/// Between two calls this thread gives others its CPU, and no more.
template <class Holds>
[[nodiscard]] bool comes_true(Holds&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + healthy_time;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}
