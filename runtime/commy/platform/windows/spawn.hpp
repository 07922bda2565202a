// commy/platform/windows/spawn.hpp: CreateProcess with what its many parts
// need.
#pragma once

#include <commy/platform/process.hpp>
#include <commy/platform/windows/handle.hpp>

namespace commy::platform::detail {

struct spawned {
  unique_handle process;
  std::uint32_t pid = 0;
};

/// Starts the program of `options`, with `lifeline` (or null) and the event
/// `stop` handed on.
result<spawned, spawn_error> spawn(const spawn_options& options,
                                   HANDLE lifeline, HANDLE stop);

/// `arguments` as one line that the usual start-up code splits again.
std::wstring command_line(const std::string& program,
                          const std::vector<std::string>& arguments);

}  // namespace commy::platform::detail
