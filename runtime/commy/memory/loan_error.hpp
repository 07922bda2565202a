// commy/memory/loan_error.hpp: why a block was not lent.
#pragma once

#include <commy/base/result.hpp>
#include <commy/memory/write_error.hpp>

#include <cstdint>
#include <string_view>

namespace commy {

enum class loan_error : std::uint8_t {
  too_large,        // Above the longest run of the segment.
  out_of_space,     // The segment has reached its capacity.
  disk_full,        // The file system refused to grow the segment.
  lanes_exhausted,  // No lane is left for this thread.
  in_edit,          // Inside an operation's callback, and no block at hand.
  busy,             // The page lock was not to be had.
  read_only,        // The segment was opened for reading.
  detached,         // The segment is closed, or this is a forked child.
  poisoned,         // A journal made no sense; writing is refused.
  wrong_segment,    // A handle into another segment.
  stale,            // A handle whose block has moved on, or is another's.
  wrong_type,       // The block was lent for another type, or fewer elements.
  damaged,          // Shared bytes that this needs make no sense.
};
std::string_view describe(loan_error error) noexcept;

namespace memory {
/// What a failed write means to who asked for a block.
[[nodiscard]] loan_error loan_error_of(write_error error) noexcept;
}  // namespace memory

}  // namespace commy
