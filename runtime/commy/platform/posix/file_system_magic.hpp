// commy/platform/posix/file_system_magic.hpp: Linux's numbers of file systems.
#pragma once

#include <commy/platform/file_system.hpp>

#include <cstdint>

namespace commy::platform::detail {

/// What `statfs` calls `f_type`: see statfs(2) and linux/magic.h. An unknown
/// number is a disk's: new ones are local more often than not.
file_system kind_of_magic(std::uint32_t magic) noexcept;

}  // namespace commy::platform::detail
