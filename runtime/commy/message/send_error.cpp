#include <commy/message/send_error.hpp>

namespace commy {

std::string_view describe(send_error error) noexcept {
  switch (error) {
    case send_error::name_not_found:
      return "no inbox of this segment has published that name; start its "
             "process, or wait for the name";
    case send_error::receiver_stopped:
      return "the receiving process has ended or closed its inbox; find the "
             "name again when it is back";
    case send_error::ring_full:
      return "the receiver's inbox is full; send less, try again later, or "
             "create the segment with more ring cells";
    case send_error::too_large:
      return "the message has 64 KiB or more, or more than a chunk of its "
             "segment; put the bulk of it into loans";
    case send_error::too_many_loans:
      return "a message carries at most eight loans; send several messages";
    case send_error::foreign_loan:
      return "a loan is empty, of another segment, or of another attachment; "
             "take it from the segment that the message goes through";
    case send_error::bad_place:
      return "a handle's place is not a multiple of eight inside the message; "
             "compare the message's layout";
    case send_error::no_memory:
      return "the segment has no room for the message; give loans back, or "
             "create it with a larger capacity";
    case send_error::busy:
      return "the table of names stayed locked; see who holds it";
    case send_error::read_only:
      return "the segment was opened for reading; open it for writing";
    case send_error::detached:
      return "the segment is closed, or this is a forked child; open it here";
    case send_error::damaged:
      return "the receiver's ring makes no sense; its reader repairs it";
  }
  return "unknown reason";
}

std::string_view describe(inbox_error error) noexcept {
  switch (error) {
    case inbox_error::read_only:
      return "the segment was opened for reading; open it for writing";
    case inbox_error::already_open:
      return "this attachment has an inbox already; publish more names in it, "
             "or open the segment once more";
    case inbox_error::no_space:
      return "the segment's control file cannot grow; free space on its file "
             "system";
    case inbox_error::bad_name:
      return "a name has 1 to 255 bytes";
    case inbox_error::too_many:
      return "this inbox has published 4,096 names already; withdraw some, or "
             "put what they mean into the messages";
    case inbox_error::name_taken:
      return "a living inbox has published that name; choose another, or end "
             "that process";
    case inbox_error::names:
      return "the table of names cannot be used";
    case inbox_error::detached:
      return "the segment is closed, or this is a forked child; open it here";
  }
  return "unknown reason";
}

}  // namespace commy
