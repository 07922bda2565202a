// commy/message/send_error.hpp: why a message to another process was refused.
#pragma once

#include <commy/base/result.hpp>

#include <cstdint>
#include <string_view>

namespace commy {

/// Whatever the reason, the message was not sent, and the loans it was to carry
/// are still the caller's.
enum class send_error : std::uint8_t {
  name_not_found,    // No inbox has published that name.
  receiver_stopped,  // The receiving process has died or closed its inbox.
  ring_full,         // The receiver does not keep up, or is stopped.
  too_large,         // 64 KiB or more, or above the longest run; send a loan.
  too_many_loans,    // More than eight in one message.
  foreign_loan,      // A loan of another segment, or one that is gone.
  bad_place,         // A handle's place does not lie within the message.
  no_memory,         // The segment has no room for a large message.
  busy,              // Names stayed locked until the deadline.
  read_only,         // The segment was opened for reading.
  detached,          // The segment is closed, or this is a forked child.
  damaged,           // The receiver's ring makes no sense.
};
std::string_view describe(send_error error) noexcept;

/// Why an inbox cannot be opened, or a name not published.
enum class inbox_error : std::uint8_t {
  read_only,     // The segment was opened for reading.
  already_open,  // This attachment has an inbox.
  no_space,      // The segment's control file cannot grow.
  bad_name,      // Empty, or longer than 255 bytes.
  too_many,      // This inbox has published 4,096 names.
  name_taken,    // A living inbox has published it.
  names,         // The object that holds the names cannot be used.
  detached,      // The segment is closed, or this is a forked child.
};
std::string_view describe(inbox_error error) noexcept;

}  // namespace commy
