#include <commy/containers/key_text.hpp>

#include <charconv>
#include <system_error>

namespace commy {

std::string key_text(dynamic_value& key) {
  if (auto* const text = std::get_if<std::string>(&key.held)) {
    return std::move(*text);
  }
  if (const auto* const n = std::get_if<std::int64_t>(&key.held)) {
    return std::to_string(*n);
  }
  if (const auto* const n = std::get_if<std::uint64_t>(&key.held)) {
    return std::to_string(*n);
  }
  const auto* const yes = std::get_if<bool>(&key.held);
  return yes != nullptr && *yes ? "true" : "false";
}

std::optional<std::uint64_t> key_bits(const type_tree& type,
                                      std::string_view text) {
  if (type.kind == type_kind::boolean) {
    if (text == "true") return 1;
    if (text == "false") return 0;
    return std::nullopt;
  }
  const auto* const end = text.data() + text.size();
  const auto mask = type.bytes == 8 ? ~std::uint64_t{0}
                                    : (std::uint64_t{1} << 8 * type.bytes) - 1;
  std::uint64_t bits = 0;
  if (type.kind == type_kind::signed_integer) {
    std::int64_t number = 0;
    const auto [at, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || at != end) return std::nullopt;
    bits = static_cast<std::uint64_t>(number);
    const auto unused = 64 - 8 * type.bytes;
    if (static_cast<std::int64_t>(bits << unused) >> unused != number) {
      return std::nullopt;
    }
  } else {
    const auto [at, error] = std::from_chars(text.data(), end, bits);
    if (error != std::errc{} || at != end || (bits & ~mask) != 0) {
      return std::nullopt;
    }
  }
  return bits & mask;
}

}  // namespace commy
