// commy/memory/sweep_all.hpp: the sweep of a segment that nobody writes.
#pragma once

#include <commy/memory/image.hpp>

namespace commy::memory {

/// Ends what all participants left that are still noted. Requires: none of them
/// lives, and none can come. False when a journal makes no sense, now or
/// earlier. Pure and restartable, as each sweep.
bool sweep_all(const image& img) noexcept;

}  // namespace commy::memory
