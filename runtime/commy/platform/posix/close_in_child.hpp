// commy/platform/posix/close_in_child.hpp: descriptors a fork must not copy.
#pragma once

#include <commy/platform/fork_callback.hpp>

namespace commy::platform::detail {

/// From now on a forked child drops its copy of `fd` at once. In the child the
/// number stays taken by something that can be neither read, written nor
/// locked, so that the owning object, which knows nothing of the fork, does not
/// use or close somebody else's descriptor. Returns the id for
/// `forget_fork_callback`, to be called before `fd` is closed.
int close_in_child(int fd);

}  // namespace commy::platform::detail
