#include <commy/memory/type_text.hpp>

#include <algorithm>

namespace commy::memory {

std::string type_difference(std::string_view wanted, std::string_view found) {
  const auto [a, b] =
      std::mismatch(wanted.begin(), wanted.end(), found.begin(), found.end());
  static_cast<void>(b);
  auto from = static_cast<std::size_t>(a - wanted.begin());
  // Back to the beginning of the field or word that differs.
  const auto field = wanted.substr(0, from).find_last_of("{,<");
  from = field == std::string_view::npos ? 0 : field + 1;
  const auto excerpt = [from](std::string_view line) {
    auto part = std::string{line.substr(std::min(from, line.size()), 60)};
    if (part.starts_with(' ')) part.erase(0, 1);
    return part.empty() ? std::string{"nothing"} : part;
  };
  return "wanted '" + excerpt(wanted) + "', found '" + excerpt(found) + "'";
}

}  // namespace commy::memory
