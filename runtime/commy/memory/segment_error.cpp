#include <commy/memory/segment_error.hpp>

namespace commy {

std::string_view describe(segment_error error) noexcept {
  switch (error) {
    case segment_error::bad_name:
      return "a segment's name is up to four parts of 1 to 64 letters, digits, "
             "'_', '-' or '.', joined by '/'; no part begins with '.'";
    case segment_error::bad_size:
      return "these sizes cannot be: capacity is a multiple of 64 MiB, at most "
             "1 TiB";
    case segment_error::not_found:
      return "there is no such segment; create it, or check name and folder";
    case segment_error::exists:
      return "there is a segment of that name already; open it instead";
    case segment_error::in_use:
      return "a process still has the segment open; end it first";
    case segment_error::no_permission:
      return "this user may not; check the owner of the segment's folder";
    case segment_error::no_space:
      return "the file system is full; free space on it or choose another "
             "folder (a container's /dev/shm often has only 64 MiB)";
    case segment_error::not_a_segment:
      return "the files there are no segment; nothing was changed";
    case segment_error::foreign_layout:
      return "made by another version of Commy or on another kind of machine; "
             "use that version, or remove the segment and start anew";
    case segment_error::stale:
      return "written before the last boot and not closed cleanly, so its "
             "content cannot be trusted; repair it (segment::check), put a "
             "copy in its place, or remove it and start anew";
    case segment_error::closing:
      return "the last process that wrote it is still bringing it to the disk; "
             "try again";
    case segment_error::network_storage:
      return "a segment cannot lie on a network file system or in FUSE, whose "
             "memory and locks other machines do not share; choose a folder "
             "on a disk of this machine, or in /dev/shm";
    case segment_error::unsupported:
      return "this system has no segments without a name; create one with";
    case segment_error::no_slot:
      return "every participant slot is taken by a live process";
    case segment_error::no_lane:
      return "no lane is left for this process";
    case segment_error::poisoned:
      return "a journal in the segment made no sense, so writing is refused; "
             "open it read-only to save what is there";
    case segment_error::io:
      return "the system refused";
  }
  return "unknown reason";
}

std::string_view describe(open_error error) noexcept {
  switch (error) {
    case open_error::bad_name:
      return "an object's name has 1 to 255 bytes and no control characters";
    case open_error::not_found:
      return "there is no object of that name; create it, or check the name";
    case open_error::exists:
      return "there is an object of that name already; open it instead";
    case open_error::type_mismatch:
      return "the object is of another type than the program expects; rebuild "
             "the older side, or use another name";
    case open_error::busy:
      return "the segment's directory stayed locked until the deadline";
    case open_error::no_space:
      return "the segment cannot grow any further";
    case open_error::read_only:
      return "the segment was opened for reading only";
    case open_error::damaged:
      return "shared bytes of the directory make no sense";
    case open_error::refused:
      return "the segment refuses to be changed";
  }
  return "unknown reason";
}

}  // namespace commy
