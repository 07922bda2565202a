// commy/memory/segment_error.hpp: why a segment or object cannot be had.
#pragma once

#include <commy/base/result.hpp>

#include <cstdint>
#include <string_view>

namespace commy {

enum class segment_error : std::uint8_t {
  bad_name,         // Not made of letters, digits, "_", "-", ".", and "/".
  bad_size,         // The sizes asked for cannot be.
  not_found,        // No such segment.
  exists,           // Create, but there is one.
  in_use,           // Remove, but somebody has it open.
  no_permission,    // The operating system refuses this user.
  no_space,         // The file system is full.
  not_a_segment,    // Files are there, but something else is in them.
  foreign_layout,   // Made by another version or another kind of machine.
  stale,            // From before the last boot, not closed cleanly.
  closing,          // Its last writer still brings it to the disk.
  network_storage,  // The folder is another machine's, or a process's.
  unsupported,      // This system has no such thing.
  no_slot,          // All participant slots are taken by live processes.
  no_lane,          // No lane is left.
  poisoned,         // A journal made no sense; only reading is possible.
  io,               // Anything else the system says.
};
std::string_view describe(segment_error error) noexcept;
[[nodiscard]] constexpr bool is_transient(segment_error error) noexcept {
  return error == segment_error::closing;
}

/// Why an object of a segment cannot be opened or created.
enum class open_error : std::uint8_t {
  bad_name,       // Empty, longer than 255 bytes, or control characters.
  not_found,      // No object of that name.
  exists,         // Create, but there is one.
  type_mismatch,  // It is of another type; the detail shows the difference.
  busy,           // The directory stayed locked until the deadline.
  no_space,       // The segment or the file system is full.
  read_only,      // Create in a segment opened for reading.
  damaged,        // Shared bytes make no sense.
  refused,        // Any other reason to refuse a change; see the detail.
};
std::string_view describe(open_error error) noexcept;
[[nodiscard]] constexpr bool is_transient(open_error error) noexcept {
  return error == open_error::busy;
}

}  // namespace commy
