// commy/memory/text_cell.hpp: a text as two words, inside or beside them.
#pragma once

#include <commy/memory/image.hpp>
#include <commy/memory/transaction.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace commy::memory {

/// A text in shared memory, 16 bytes. Up to 15 bytes of text lie inside, the
/// last byte is their number; longer text lies in a block of its own:
///
///     byte 15    word 0                  word 1, low half
///     0..15      text bytes 0..7         text bytes 8..14
///     255        offset of the block     bytes of text
///
/// Never changed in place: a new text is a new cell, so that a reader who
/// copied the two words under a valid unit knows what they meant.
struct text_cell {
  std::array<std::uint64_t, 2> words{};

  static constexpr std::size_t inside_max = 15;
  static constexpr std::uint8_t outside_mark = 255;
  /// Longest text. A block of its own is at most a run inside one chunk; a
  /// quarter of the standard chunk keeps every geometry above tests honest.
  static constexpr std::uint64_t bytes_max = 16U << 20U;

  [[nodiscard]] std::uint8_t mark() const noexcept {
    return static_cast<std::uint8_t>(words[1] >> 56U);
  }
  [[nodiscard]] bool outside() const noexcept { return mark() == outside_mark; }
  [[nodiscard]] offset block() const noexcept { return words[0]; }
  /// Bytes of text as the cell says; check before use.
  [[nodiscard]] std::uint64_t size() const noexcept {
    return outside() ? words[1] & 0xffff'ffffU : mark();
  }
  /// True if size and place make sense for this image.
  [[nodiscard]] bool sound(const image& img) const noexcept {
    if (!outside()) return mark() <= inside_max;
    return size() <= bytes_max && words[0] % 8 == 0 &&
           img.holds(words[0], align_up(size(), 8));
  }
};

/// The cell for `text`, in a new block of `txn` when it is long. Throws
/// `write_failed` (too_large, out_of_space, ...).
text_cell make_text(transaction& txn, std::string_view text);
/// Gives back the block of a text that is no longer used, if it has one.
void drop_text(transaction& txn, const text_cell& cell);

/// Copies the text out by relaxed words; the caller validates afterwards.
/// Requires: `cell.sound(img)`.
void copy_text(const image& img, const text_cell& cell, std::string& into);
/// Compares by relaxed words. Requires: `cell.sound(img)`.
[[nodiscard]] bool equals_text(const image& img, const text_cell& cell,
                               std::string_view text) noexcept;
/// Below 0, 0 or above 0, as the text of the cell comes before, is, or comes
/// behind `text`: by bytes, which are unsigned. By relaxed words. Requires:
/// `cell.sound(img)`.
[[nodiscard]] int compare_text(const image& img, const text_cell& cell,
                               std::string_view text) noexcept;
/// The text itself, without a copy: only while nobody can write it (a guard or
/// the lock is held). Requires: `cell.sound(img)`; `cell` outlives the view.
[[nodiscard]] std::string_view view_text(const image& img,
                                         const text_cell& cell) noexcept;

}  // namespace commy::memory
