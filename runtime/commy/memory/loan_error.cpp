#include <commy/memory/loan_error.hpp>

namespace commy {

std::string_view describe(loan_error error) noexcept {
  switch (error) {
    case loan_error::too_large:
      return "a loan or bare block is at most as large as a chunk less a page "
             "(64 MiB less 64 KiB); split it, or share it in a container";
    case loan_error::out_of_space:
      return "the segment has reached its capacity; give loans back, or create "
             "the segment with a larger one";
    case loan_error::disk_full:
      return "the file system refused to grow the segment; free space on it";
    case loan_error::lanes_exhausted:
      return "no lane is left for this thread; let threads of others end or "
             "create the segment with more lanes";
    case loan_error::in_edit:
      return "no block is at hand inside the callback of an operation; take "
             "the "
             "loan before the operation";
    case loan_error::busy:
      return "another process kept the segment's page lock; try again";
    case loan_error::read_only:
      return "the segment was opened for reading; open it for writing";
    case loan_error::detached:
      return "the segment is closed, or this is a forked child; open it here";
    case loan_error::poisoned:
      return "a journal in the segment made no sense, so writing is refused; "
             "run `commy fsck`";
    case loan_error::wrong_segment:
      return "the handle belongs to another segment; ask that one";
    case loan_error::stale:
      return "the loan was given back, taken already, or is another's; a "
             "handle "
             "can be used once, by the one it was sent to";
    case loan_error::wrong_type:
      return "the block was lent for another type; compare both programs' "
             "definitions of it";
    case loan_error::damaged:
      return "shared bytes make no sense; run `commy fsck`";
  }
  return "unknown reason";
}

namespace memory {

loan_error loan_error_of(write_error error) noexcept {
  switch (error) {
    case write_error::out_of_space:
      return loan_error::out_of_space;
    case write_error::disk_full:
      return loan_error::disk_full;
    case write_error::lanes_exhausted:
      return loan_error::lanes_exhausted;
    case write_error::lock_timeout:
      return loan_error::busy;
    case write_error::read_only:
      return loan_error::read_only;
    case write_error::detached:
      return loan_error::detached;
    case write_error::poisoned:
      return loan_error::poisoned;
    case write_error::transaction_full:
      return loan_error::in_edit;
    default:
      return loan_error::damaged;
  }
}

}  // namespace memory
}  // namespace commy
