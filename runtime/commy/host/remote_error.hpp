// commy/host/remote_error.hpp: why an actor of another process is not found.
#pragma once

#include <cstdint>
#include <string_view>

namespace commy {

enum class remote_error : std::uint8_t {
  not_joined,       // This segment was not joined.
  name_not_found,   // No living inbox has published the name.
  other_protocol,   // The actor does not take this message in this layout.
  no_actor,         // The actor system has no room for one more, or stops.
  unusable_segment  // Its names cannot be read now.
};

constexpr std::string_view describe(remote_error e) noexcept {
  switch (e) {
    case remote_error::not_joined:
      return "this segment was not joined; call join with it first";
    case remote_error::name_not_found:
      return "no living process has published an actor of this name here";
    case remote_error::other_protocol:
      return "the actor does not take this message; build both programs from "
             "the same header, and list it in the actor's protocol";
    case remote_error::no_actor:
      return "the actor that would stand for it cannot be started";
    case remote_error::unusable_segment:
      return "the segment's names cannot be read";
  }
  return "unknown remote error";
}

}  // namespace commy
