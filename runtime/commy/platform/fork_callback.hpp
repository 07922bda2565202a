// commy/platform/fork_callback.hpp: what a forked child forgets before it runs.
#pragma once

#include <cstdint>

namespace commy::platform {

/// Runs `callback(context)` in the child after each fork, before fork returns
/// there, in the order of registration; the mappings and locks made before are
/// gone in the child. The callback may only do what a signal handler may (other
/// threads' locks stay locked for ever in the child), and must neither register
/// nor forget. On systems without fork it is never run. Returns an id for
/// `forget_fork_callback`. Threads: any.
int on_fork_in_child(void (*callback)(void*), void* context);
void forget_fork_callback(int id) noexcept;

namespace detail {
/// How many forks lie between the program's start and this process: what was
/// made under another number belongs to an ancestor. Cost: one load.
std::uint32_t fork_generation() noexcept;
}  // namespace detail

}  // namespace commy::platform
