// commy/platform/windows/storage.hpp: real storage behind a sparse file.
#pragma once

#include <commy/platform/file.hpp>

namespace commy::platform::detail {

/// Puts storage behind the holes of [0, `bytes`), by writing zeros into them:
/// touching a hole of a full volume through a mapping would raise an exception.
/// Where the file system tells of no holes there is nothing to do. Nobody may
/// write into the holes at the same time.
result<void, file_error> fill_holes(file& sparse, std::uint64_t bytes);

}  // namespace commy::platform::detail
