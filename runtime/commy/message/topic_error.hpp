// commy/message/topic_error.hpp: why a topic did not do what was asked.
#pragma once

#include <commy/base/result.hpp>

#include <cstdint>
#include <string_view>

namespace commy {

/// Whatever the reason, nothing was published, and the loan is the caller's.
enum class publish_error : std::uint8_t {
  topic_full,    // A subscriber has not read what would be overwritten.
  held_up,       // Another publisher is in the middle of the same cell.
  foreign_loan,  // Empty, of another segment, or gone.
  removed,       // The topic has been removed.
  read_only,     // The segment was opened for reading.
  detached,      // The segment is closed, or this is a forked child.
  damaged,       // The topic's bytes make no sense.
};
std::string_view describe(publish_error error) noexcept;
/// True for what passes when others get on.
[[nodiscard]] constexpr bool is_transient(publish_error error) noexcept {
  return error == publish_error::topic_full || error == publish_error::held_up;
}

/// Why there is no subscription.
enum class subscribe_error : std::uint8_t {
  too_many,   // The topic has 64 subscribers.
  removed,    // The topic has been removed.
  read_only,  // The segment was opened for reading.
  detached,   // The segment is closed, or this is a forked child.
  damaged,    // The topic's bytes make no sense.
};
std::string_view describe(subscribe_error error) noexcept;
[[nodiscard]] constexpr bool is_transient(subscribe_error error) noexcept {
  return error == subscribe_error::too_many;
}

}  // namespace commy
