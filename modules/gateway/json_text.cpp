#include "modules/gateway/json_text.hpp"

#include <boost/json.hpp>

#include <array>
#include <cmath>
#include <cstdint>

namespace commy::gateway {
namespace {

namespace json = boost::json;

constexpr std::int64_t exact_max = std::int64_t{1} << 53U;

/// How many bytes at the front of `text` are one whole UTF-8 character, or 0.
std::size_t character_at(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  std::size_t size = 0;
  unsigned char low = 0x80;   // Bounds of the second byte: no overlong forms,
  unsigned char high = 0xbf;  // no surrogates, nothing above U+10FFFF.
  if (first >= 0xc2 && first <= 0xdf) {
    size = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    size = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    size = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  if (size == 0 || text.size() < size) return 0;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  return size;
}

json::string utf8(std::string_view text, const json::storage_ptr& memory) {
  json::string clean(memory);
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto size = character_at(text);
    if (size == 0) {
      clean.append("\xef\xbf\xbd");  // U+FFFD.
    } else {
      clean.append(json::string_view{text.data(), size});
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return clean;
}

// As deep as the descriptor that the value was read by: at most 16 levels.
json::value to_json(const dynamic_value& value,
                    const json::storage_ptr& memory) {
  const auto whole = [&](const auto number) -> json::value {
    return json::value(json::string(std::to_string(number), memory), memory);
  };
  struct visitor {
    const json::storage_ptr& memory;
    const decltype(whole)& as_text;

    json::value operator()(std::monostate) const {
      return json::value(nullptr, memory);
    }
    json::value operator()(bool yes) const { return json::value(yes, memory); }
    json::value operator()(std::int64_t n) const {
      if (n > exact_max || n < -exact_max) return as_text(n);
      return json::value(n, memory);
    }
    json::value operator()(std::uint64_t n) const {
      if (n > static_cast<std::uint64_t>(exact_max)) return as_text(n);
      return json::value(n, memory);
    }
    json::value operator()(double n) const {
      if (!std::isfinite(n)) return json::value(nullptr, memory);
      // A whole number is shorter without its exponent.
      if (n == std::trunc(n) && std::abs(n) < 1e15) {
        return json::value(static_cast<std::int64_t>(n), memory);
      }
      return json::value(n, memory);
    }
    json::value operator()(const std::string& text) const {
      return json::value(utf8(text, memory), memory);
    }
    json::value operator()(const dynamic_value::list& list) const {
      json::array array(memory);
      array.reserve(list.size());
      for (const auto& item : list)
        array.push_back(to_json(item, memory));
      return json::value(std::move(array), memory);
    }
    json::value operator()(const dynamic_value::record& record) const {
      json::object object(memory);
      object.reserve(record.size());
      for (const auto& [name, item] : record) {
        object.insert_or_assign(utf8(name, memory), to_json(item, memory));
      }
      return json::value(std::move(object), memory);
    }
  };
  return std::visit(visitor{memory, whole}, value.held);
}

void append(std::string& out, const json::value& value) {
  json::serializer writer;
  writer.reset(&value);
  std::array<char, 4096> part;
  while (!writer.done()) {
    const auto text = writer.read(part.data(), part.size());
    out.append(text.data(), text.size());
  }
}

}  // namespace

void append_json(std::string& out, const dynamic_value& value) {
  std::array<unsigned char, 4096> first;
  json::monotonic_resource memory{first.data(), first.size()};
  append(out, to_json(value, &memory));
}

void append_json(std::string& out, std::string_view text) {
  std::array<unsigned char, 512> first;
  json::monotonic_resource memory{first.data(), first.size()};
  append(out, json::value(utf8(text, &memory), &memory));
}

}  // namespace commy::gateway
