// commy/memory/classes.hpp: which block an offset means, and its word.
#pragma once

#include <commy/memory/image.hpp>

#include <cstddef>
#include <cstdint>

namespace commy::memory {

/// Which blocks a slab serves. Kinds never mix in a slab, because a slab never
/// changes its use: an old handle to a root or a loan always finds that
/// block's generation.
enum class block_kind : std::uint8_t {
  plain = 0,  // Reached from an object.
  root = 1,
  loan = 2,  // Lent to one owner, with a note of its type.
  bare = 3,  // Lent without a note: see segment::allocate().
};
inline constexpr std::size_t block_kinds = 4;

/// True for blocks that a participant owns, rather than an object.
[[nodiscard]] constexpr bool is_lent_out(block_kind kind) noexcept {
  return kind == block_kind::loan || kind == block_kind::bare;
}

/// A slab's use, as its page word's `count`: {kind, class}.
struct slab_use {
  block_kind kind;
  std::uint32_t cls;

  [[nodiscard]] constexpr std::uint64_t packed() const noexcept {
    return static_cast<std::uint64_t>(kind) << 8U | cls;
  }
  /// How many classes slabs of a kind may have: loans may be large.
  [[nodiscard]] static constexpr std::uint32_t classes_of(
      block_kind kind) noexcept {
    return kind == block_kind::loan ? slab_class_count : size_class_count;
  }
  /// Is the count of a slab's page word a use? It comes from shared bytes.
  [[nodiscard]] static constexpr bool is_one(std::uint64_t packed) noexcept {
    return packed >> 8U < block_kinds &&
           (packed & 0xffU) < classes_of(static_cast<block_kind>(packed >> 8U));
  }
  /// Requires: `is_one(packed)`.
  [[nodiscard]] static constexpr slab_use of(std::uint64_t packed) noexcept {
    return {static_cast<block_kind>(packed >> 8U),
            static_cast<std::uint32_t>(packed & 0xffU)};
  }
};

/// Positions of one block and of the word that decides about it.
struct block_place {
  offset block = 0;
  offset word = 0;
  std::uint32_t bytes = 0;
  std::uint32_t cls = 0;
  std::uint32_t preferred = 0;  // Lane plus one that looks here first, or 0.

  [[nodiscard]] explicit operator bool() const noexcept { return word != 0; }
};

/// Finds the block that begins exactly at `at` in a slab. Answers nothing for
/// an offset that is not the start of a slab block: offsets are input.
[[nodiscard]] inline block_place find_block(const image& img, offset at,
                                            block_kind kind) noexcept {
  const auto index = at >> img.page_shift();
  if (index >= img.page_count()) return {};
  // acquire, pairs with [slab] in allocator: the slab's words are zeroed
  // before the page says that it is a slab.
  const page_word page{img.page(index).load(std::memory_order_acquire)};
  if (page.state() != page_state::slab) return {};
  const auto use = page.count();
  if (use >> 8U != static_cast<std::uint64_t>(kind)) return {};
  const auto cls = static_cast<std::uint32_t>(use & 0xffU);
  if (cls >= slab_use::classes_of(kind)) return {};
  const auto& shape = img.shape(cls);
  const auto base = index << img.page_shift();
  const auto inside = static_cast<std::uint32_t>(at - base);
  if (inside < shape.first) return {};
  const auto number = shape.number_of(inside - shape.first);
  if (number >= shape.count ||
      number * shape.block_bytes != inside - shape.first) {
    return {};
  }
  return {at, base + 64 + 8ULL * number, shape.block_bytes, cls, page.owner()};
}

/// The block that something of `kind` in an object leads to: what is plain may
/// also lie in the block of a loan that the object keeps.
[[nodiscard]] inline block_place find_held(const image& img, offset at,
                                           block_kind kind) noexcept {
  const auto place = find_block(img, at, kind);
  return place || kind != block_kind::plain
             ? place
             : find_block(img, at, block_kind::loan);
}

}  // namespace commy::memory
