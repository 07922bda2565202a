// commy/platform/file_system.hpp: what kind of place a file lies in.
#pragma once

#include <commy/platform/file.hpp>

#include <string>

namespace commy::platform {

enum class file_system {
  memory,   // Goes with the machine's power: tmpfs, ramfs.
  disk,     // Stays: anything that is none of the others.
  network,  // Another machine or a process serves it: NFS, SMB, 9P, FUSE, ...
};
std::string_view describe(file_system kind) noexcept;

/// Where a file or folder lies. Cost: one system call.
result<file_system, file_error> file_system_of(const std::string& path);

}  // namespace commy::platform
