// commy/platform/posix/spawn.hpp: posix_spawn with what its many parts need.
#pragma once

#include <commy/platform/process.hpp>

#include <sys/types.h>

namespace commy::platform::detail {

/// Starts the program of `options` and returns its pid, with `lifeline` (a
/// descriptor, or -1) handed on.
result<pid_t, spawn_error> spawn(const spawn_options& options,
                                 std::intptr_t lifeline);

}  // namespace commy::platform::detail
