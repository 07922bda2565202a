// commy/message/message_id.hpp: the number a message has between processes.
#pragma once

#include <cstdint>

namespace commy {

/// Names a message and its exact layout alike in every process, compiler and
/// plugin: a hash of `wire_layout`. Two programs that disagree about a struct
/// use different ids, so they never misread one another.
enum class message_id : std::uint64_t {};

}  // namespace commy
