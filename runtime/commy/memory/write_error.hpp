// commy/memory/write_error.hpp: why a change of shared data was refused.
#pragma once

#include <commy/base/result.hpp>

#include <cstdint>
#include <string_view>

namespace commy {

/// Reasons of every operation that changes a segment. Whatever the reason, the
/// data is as it was before the operation (or the whole transaction) began.
enum class write_error : std::uint8_t {
  lock_timeout,        // Another lane held the object until the deadline.
  guard_timeout,       // A reader's guard held it until the deadline.
  guarded_by_self,     // This thread holds a read guard on the object.
  out_of_space,        // The segment has reached its capacity.
  disk_full,           // The file system refused to grow the segment.
  too_large,           // A value or table above what a segment can hold.
  transaction_full,    // More changes than a log with its extents holds.
  too_many_objects,    // More objects than one transaction may lock.
  lanes_exhausted,     // No lane is left for this thread, nor one to borrow.
  not_in_transaction,  // Inside transact(), but not one of its objects.
  half_done,           // What an operation threw half way was swallowed.
  removed,             // The object is gone.
  read_only,           // The segment was opened for reading.
  poisoned,            // A journal made no sense; run `commy fsck`.
  detached,            // The segment is closed, or this is a forked child.
  damaged,             // Shared bytes that this change needs make no sense.
  wrong_type,          // The value does not fit the object, nor the operation.
};
std::string_view describe(write_error error) noexcept;

/// True for what passes when others get on: worth another try, see `retry`.
[[nodiscard]] constexpr bool is_transient(write_error error) noexcept {
  return error == write_error::lock_timeout ||
         error == write_error::guard_timeout ||
         error == write_error::lanes_exhausted;
}

/// Reasons of a read.
enum class read_error : std::uint8_t {
  absent,       // No such key, index or value.
  busy,         // A writer was at it until the deadline.
  writer_dead,  // Left half-written; a participant that may write repairs it.
  removed,      // The object is gone.
  behind,       // Entries of a change log were overwritten before this reader.
  damaged,      // Shared bytes make no sense.
  detached,     // The segment is closed, or this is a forked child.
};
std::string_view describe(read_error error) noexcept;
[[nodiscard]] constexpr bool is_transient(read_error error) noexcept {
  return error == read_error::busy;
}

namespace memory {
/// Thrown inside a transaction, caught at its edge, where it becomes a result.
struct write_failed {
  failure<write_error> why;
};
}  // namespace memory

}  // namespace commy
