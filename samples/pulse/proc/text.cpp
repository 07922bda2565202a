#include "pulse/proc/text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

namespace pulse::proc {

std::string_view take_line(std::string_view& text) noexcept {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string_view take_word(std::string_view& line) noexcept {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const auto end = std::min(line.find_first_of(" \t"), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> to_number(std::string_view word) noexcept {
  if (!is_digits(word)) return std::nullopt;
  std::uint64_t number = 0;
  const auto done =
      std::from_chars(word.data(), word.data() + word.size(), number);
  if (done.ec == std::errc::result_out_of_range) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return number;
}

std::uint64_t take_number(std::string_view& line) noexcept {
  return to_number(take_word(line)).value_or(0);
}

bool is_digits(std::string_view text) noexcept {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace pulse::proc
