#include <commy/memory/write_error.hpp>

namespace commy {

std::string_view describe(write_error error) noexcept {
  switch (error) {
    case write_error::lock_timeout:
      return "the object stayed locked until the deadline; the holder is "
             "alive, so try again or ask why it takes so long";
    case write_error::guard_timeout:
      return "a reader's guard was held until the deadline; shorten the read "
             "or allow the writer more time";
    case write_error::guarded_by_self:
      return "this thread holds a read guard on the object it wants to write; "
             "end the guard first";
    case write_error::out_of_space:
      return "the segment has reached its capacity; create it with a larger "
             "one";
    case write_error::disk_full:
      return "the file system refused to grow the segment; free space on it or "
             "move the segment";
    case write_error::too_large:
      return "the value is larger than a segment's largest piece";
    case write_error::transaction_full:
      return "the transaction changes more than a log can hold, half a "
             "gigabyte of old bytes; split it";
    case write_error::too_many_objects:
      return "the transaction locks more objects than the 128 that are "
             "allowed; split it";
    case write_error::lanes_exhausted:
      return "no lane is left for this thread, and the one that its process "
             "lends stayed in use until the deadline; let other threads end or "
             "create the segment with more lanes";
    case write_error::not_in_transaction:
      return "the object is not one of those named in transact(); name it "
             "there";
    case write_error::half_done:
      return "an operation inside failed half way and its exception was "
             "swallowed, so everything was undone; let it pass";
    case write_error::removed:
      return "the object has been removed; open it anew";
    case write_error::read_only:
      return "the segment was opened for reading only";
    case write_error::poisoned:
      return "a journal in the segment made no sense, so nothing is written to "
             "it any more; reading goes on";
    case write_error::detached:
      return "the segment is closed in this process";
    case write_error::damaged:
      return "shared bytes that the change needs make no sense";
    case write_error::wrong_type:
      return "the value or the operation does not fit the object's type";
  }
  return "unknown reason";
}

std::string_view describe(read_error error) noexcept {
  switch (error) {
    case read_error::absent:
      return "there is no such element";
    case read_error::busy:
      return "a writer was changing the object until the deadline";
    case read_error::writer_dead:
      return "a writer died in the middle of a change; the next participant "
             "that may write repairs it";
    case read_error::removed:
      return "the object has been removed; open it anew";
    case read_error::behind:
      return "changes were overwritten before they were read: look at the "
             "whole "
             "object, then go on from here";
    case read_error::damaged:
      return "shared bytes of the object make no sense";
    case read_error::detached:
      return "the segment is closed in this process";
  }
  return "unknown reason";
}

}  // namespace commy
