// commy/containers/decode_value.hpp: from copied bytes to a value.
#pragma once

#include <commy/containers/copy_source.hpp>
#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/type_tree.hpp>

#include <cstddef>

namespace commy {

/// Turns bytes of one value, copied out of a segment, into a value; texts that
/// lie outside of their cell are copied from `source`, and what nests with it.
/// False when the bytes make no sense.
[[nodiscard]] bool decode(const memory::copy_source& source,
                          const type_tree& type, const std::byte* from,
                          dynamic_value& into);

}  // namespace commy
