// samples/pulse/proc/text.hpp: lines, words and numbers of the kernel's texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pulse::proc {

/// Cuts the first line off `text` and returns it without its end. Requires
/// nothing: of an empty text it is an empty line.
std::string_view take_line(std::string_view& text) noexcept;

/// Cuts blanks and the first word off `line`; empty when there is none.
std::string_view take_word(std::string_view& line) noexcept;

/// The whole word as an unsigned decimal number; more than 64 bits hold is the
/// largest of them. Nothing when the word is anything else.
std::optional<std::uint64_t> to_number(std::string_view word) noexcept;

/// `take_word` and `to_number`; zero when there is no word or no number. For
/// fields of which older kernels have fewer.
std::uint64_t take_number(std::string_view& line) noexcept;

/// Is all of `text` digits, at least one?
bool is_digits(std::string_view text) noexcept;

}  // namespace pulse::proc
