// commy/memory/nested_cell.hpp: a container as an element of another one.
#pragma once

#include <commy/memory/classes.hpp>

#include <array>
#include <cstdint>

namespace commy::memory {

/// Where an object lies, and which of its lives is meant.
struct object_place {
  offset root = 0;
  std::uint64_t generation = 0;

  friend bool operator==(const object_place&, const object_place&) = default;
};

/// True if a root's block lies at `at`; whether it lives its generation says.
[[nodiscard]] inline bool is_root(const image& img, offset at) noexcept {
  const auto block = find_block(img, at, block_kind::root);
  return block && block.bytes >= sizeof(root);
}

/// An element that is a container, 16 bytes: word 0 is the offset of a root
/// that no name leads to, word 1 that root's generation. The root belongs to
/// this one element, is locked with the outermost object, and has no type line:
/// that of the outermost says what it is.
struct nested_cell {
  std::array<std::uint64_t, 2> words{};

  [[nodiscard]] object_place place() const noexcept {
    return {words[0], words[1]};
  }
  /// True if the offset is that of a root without a type line, so of no object
  /// that has a lock of its own.
  [[nodiscard]] bool sound(const image& img) const noexcept {
    // relaxed: a root's type changes only while it is free.
    return is_root(img, words[0]) &&
           img.root_at(words[0]).type.load(std::memory_order_relaxed) == 0;
  }
};

}  // namespace commy::memory
