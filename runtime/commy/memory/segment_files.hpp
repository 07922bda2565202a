// commy/memory/segment_files.hpp: what a segment is handed over by.
#pragma once

#include <cstdint>

namespace commy {

/// The two open files of a segment, as the system's handles (Linux: file
/// descriptors). They are closed when a program is executed, unless the owner
/// changes that, and may be sent over a Unix socket (SCM_RIGHTS).
struct segment_files {
  std::intptr_t data = -1;
  std::intptr_t control = -1;
};

}  // namespace commy
