// commy/memory/object_removal.hpp: objects whose name is gone.
#pragma once

#include <commy/memory/directory.hpp>

#include <string_view>

namespace commy::memory {

/// Takes an object's name away, in one transaction over it and the directory:
/// waits for its writer and its guards, makes handles answer `removed`, and
/// links its root into the directory's trash (see trash.hpp). Afterwards
/// empties that. Fails with `not_found`, `busy`, `read_only`, `refused`.
result<void, open_error> remove_object(engine& owner, std::string_view name);

}  // namespace commy::memory
