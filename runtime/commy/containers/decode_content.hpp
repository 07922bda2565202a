// commy/containers/decode_content.hpp: what a container holds, by descriptor.
#pragma once

#include <commy/containers/copy_source.hpp>
#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/type_tree.hpp>
#include <commy/memory/hash_table.hpp>

#include <cstddef>
#include <cstdint>

namespace commy {

/// Which part of a queue or vector to read; of a map or set, at most how many
/// entries.
struct content_part {
  std::uint64_t from = 0;
  std::uint64_t count = 100'000;
};

/// What a reading found; see dynamic_object::reading.
struct content_reading {
  dynamic_value value;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// Copies a container's content, and what is nested in it, by relaxed words;
/// the caller validates. `found`, or `damaged` when what it met makes no sense.
/// Requires: `root_at` is a root, `type` is one that a container can have.
[[nodiscard]] memory::lookup read_content(const memory::copy_source& from,
                                          memory::offset root_at,
                                          const type_tree& type,
                                          const content_part& part,
                                          content_reading& into);

/// The same for the container that an element's 16 bytes lead to; of each one
/// at most 100,000 elements.
[[nodiscard]] bool decode_nested(const memory::copy_source& from,
                                 const type_tree& type, const std::byte* bytes,
                                 dynamic_value& into);

}  // namespace commy
