#include <commy/containers/encode_content.hpp>
#include <commy/containers/encode_value.hpp>
#include <commy/containers/key_text.hpp>
#include <commy/containers/type_layout.hpp>
#include <commy/memory/text_cell.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

namespace commy {
namespace {

using outcome = result<void, write_error>;

std::string value_words(const dynamic_value& value) {
  if (std::holds_alternative<std::monostate>(value.held)) return "nothing";
  if (std::holds_alternative<bool>(value.held)) return "a bool";
  if (const auto* n = std::get_if<std::int64_t>(&value.held)) {
    return std::to_string(*n);
  }
  if (const auto* n = std::get_if<std::uint64_t>(&value.held)) {
    return std::to_string(*n);
  }
  if (const auto* n = std::get_if<double>(&value.held)) {
    return "the number " + std::to_string(*n);
  }
  if (const auto* text = std::get_if<std::string>(&value.held)) {
    return "a text of " + std::to_string(text->size()) + " bytes";
  }
  if (const auto* list = std::get_if<dynamic_value::list>(&value.held)) {
    return "a list of " + std::to_string(list->size());
  }
  return "a record of " +
         std::to_string(std::get<dynamic_value::record>(value.held).size());
}

/// The value as 64 bits, if it is an integer that `type` can hold.
std::optional<std::uint64_t> integer_bits(const type_tree& type,
                                          const dynamic_value& value) {
  const auto bits = 8 * type.bytes;
  const auto most = type.kind == type_kind::signed_integer
                        ? (std::uint64_t{1} << (bits - 1)) - 1
                        : ~std::uint64_t{0} >> (64 - bits);
  if (const auto* n = std::get_if<std::uint64_t>(&value.held)) {
    return *n <= most ? std::optional{*n} : std::nullopt;
  }
  const auto* n = std::get_if<std::int64_t>(&value.held);
  if (n == nullptr) return std::nullopt;
  if (*n >= 0) {
    return static_cast<std::uint64_t>(*n) <= most
               ? std::optional{static_cast<std::uint64_t>(*n)}
               : std::nullopt;
  }
  if (type.kind != type_kind::signed_integer ||
      *n < -static_cast<std::int64_t>(most) - 1) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*n);
}

std::optional<double> real_of(const dynamic_value& value) {
  if (const auto* n = std::get_if<double>(&value.held)) return *n;
  if (const auto* n = std::get_if<std::int64_t>(&value.held)) {
    return static_cast<double>(*n);
  }
  if (const auto* n = std::get_if<std::uint64_t>(&value.held)) {
    return static_cast<double>(*n);
  }
  return std::nullopt;
}

/// A finite number that a float would make infinite does not fit in.
bool fits_real(const type_tree& type, double number) {
  return type.bytes == 8 || !std::isfinite(number) ||
         std::abs(number) <=
             static_cast<double>(std::numeric_limits<float>::max());
}

outcome check_text(const type_tree& type, const dynamic_value& value,
                   const std::string& where) {
  const auto* const text = std::get_if<std::string>(&value.held);
  if (text == nullptr) {
    return misfit(where, type_words(type), value_words(value));
  }
  if (type.kind == type_kind::text) {
    if (text->size() <= memory::text_cell::bytes_max) return {};
    return misfit(where, "a text of at most 16 MiB", value_words(value));
  }
  if (text->size() > type.count) {
    return misfit(where, type_words(type), value_words(value));
  }
  if (text->find('\0') != std::string::npos) {
    return misfit(where, type_words(type), "a NUL in it");
  }
  return {};
}

outcome check_record(const type_tree& type, const dynamic_value& value,
                     const std::string& where) {
  const auto* const record = std::get_if<dynamic_value::record>(&value.held);
  if (record == nullptr) {
    return misfit(where, type_words(type), value_words(value));
  }
  for (std::size_t i = 0; i < record->size(); ++i) {
    const auto& name = (*record)[i].first;
    const auto same = [&](const auto& other) {
      return std::string_view{name} == std::string_view{other};
    };
    const auto at = where + "." + name;
    if (std::ranges::none_of(type.fields,
                             [&](const auto& f) { return same(f.name); })) {
      return misfit(at, type_words(type), "a field that it has not");
    }
    if (std::any_of(record->begin(),
                    record->begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const auto& f) { return same(f.first); })) {
      return misfit(at, "each field once", "a second one");
    }
  }
  for (const auto& field : type.fields) {
    const auto* const held = field_of(*record, field.name);
    const auto at = where + "." + field.name;
    if (held == nullptr) return misfit(at, type_words(field.type), "nothing");
    if (auto fits = check_value(field.type, *held, at); !fits) return fits;
  }
  return {};
}

void put_integer(std::uint64_t bits, std::uint32_t bytes, std::byte* into) {
  // Little endian: see abi_mark.
  std::memcpy(into, &bits, bytes);
}

}  // namespace

unexpected<write_error> misfit(const std::string& where,
                               const std::string& wanted,
                               const std::string& found) {
  return {write_error::wrong_type, (where.empty() ? "the value" : where) +
                                       ": wanted " + wanted + ", found " +
                                       found};
}

std::string type_words(const type_tree& type) {
  const auto bits = std::to_string(8 * type.bytes);
  switch (type.kind) {
    case type_kind::signed_integer:
      return "i" + bits;
    case type_kind::unsigned_integer:
      return "u" + bits;
    case type_kind::real:
      return "f" + bits;
    case type_kind::boolean:
      return "a bool";
    case type_kind::text:
      return "a text";
    case type_kind::chars:
      return "a text of at most " + std::to_string(type.count) + " bytes";
    case type_kind::array:
      return "a list of " + std::to_string(type.count);
    case type_kind::record: {
      std::string names;
      for (const auto& field : type.fields)
        names += (names.empty() ? "" : ", ") + field.name;
      return "a record {" + names + "}";
    }
    case type_kind::hash_map:
    case type_kind::btree_map:
      return is_key(type.parameters[0]) ? "a record of entries"
                                        : "a list of records {key, value}";
    case type_kind::vec_deque:
    case type_kind::vec:
    case type_kind::hash_set:
    case type_kind::btree_set:
      return "a list";
    case type_kind::box:
      return type_words(type.parameters[0]);
    case type_kind::topic:
      return "messages";
  }
  return "a value";
}

std::optional<std::uint64_t> index_of(const dynamic_value& key) noexcept {
  type_tree index;
  index.kind = type_kind::unsigned_integer;
  index.bytes = 8;
  if (const auto* text = std::get_if<std::string>(&key.held)) {
    return key_bits(index, *text);
  }
  return integer_bits(index, key);
}

bool is_storable(const type_tree& type) noexcept {
  const auto is_plain = [](const auto& self, const type_tree& t) -> bool {
    if (t.kind == type_kind::text || is_nestable(t.kind)) return false;
    return std::ranges::all_of(
               t.fields,
               [&](const auto& field) { return self(self, field.type); }) &&
           std::ranges::all_of(t.parameters, [&](const auto& parameter) {
             return self(self, parameter);
           });
  };
  switch (type.kind) {
    case type_kind::text:
      return true;
    case type_kind::box:
    case type_kind::vec_deque:
      return is_plain(is_plain, type.parameters[0]);
    default:
      if (!is_nestable(type.kind)) return is_plain(is_plain, type);
      return std::ranges::all_of(type.parameters, [](const auto& parameter) {
        return is_storable(parameter);
      });
  }
}

result<void, write_error> check_value(const type_tree& type,
                                      const dynamic_value& value,
                                      const std::string& where) {
  switch (type.kind) {
    case type_kind::boolean:
      if (std::holds_alternative<bool>(value.held)) return {};
      break;
    case type_kind::signed_integer:
    case type_kind::unsigned_integer:
      if (integer_bits(type, value)) return {};
      break;
    case type_kind::real: {
      const auto number = real_of(value);
      if (number && fits_real(type, *number)) return {};
      break;
    }
    case type_kind::text:
    case type_kind::chars:
      return check_text(type, value, where);
    case type_kind::array: {
      const auto* const list = std::get_if<dynamic_value::list>(&value.held);
      if (list == nullptr || list->size() != type.count) break;
      for (std::size_t i = 0; i < list->size(); ++i) {
        auto fits = check_value(type.parameters[0], (*list)[i],
                                where + "[" + std::to_string(i) + "]");
        if (!fits) return fits;
      }
      return {};
    }
    case type_kind::record:
      return check_record(type, value, where);
    case type_kind::box:
      return check_value(type.parameters[0], value, where);
    default:
      return check_content(type, value, where);
  }
  return misfit(where, type_words(type), value_words(value));
}

result<void, write_error> check_key(const type_tree& type,
                                    const dynamic_value& key,
                                    const std::string& where) {
  const auto* const text = std::get_if<std::string>(&key.held);
  if (text != nullptr && is_key(type) && type.kind != type_kind::text) {
    if (key_bits(type, *text)) return {};
    return misfit(where, type_words(type), "'" + text->substr(0, 40) + "'");
  }
  return check_value(type, key, where);
}

void encode_plain(const type_tree& type, const dynamic_value& value,
                  std::byte* into) {
  switch (type.kind) {
    case type_kind::boolean:
      *into = std::byte{std::get<bool>(value.held)};
      break;
    case type_kind::signed_integer:
    case type_kind::unsigned_integer:
      put_integer(*integer_bits(type, value), type.bytes, into);
      break;
    case type_kind::real: {
      const auto number = *real_of(value);
      const auto single = static_cast<float>(number);
      if (type.bytes == 4) {
        std::memcpy(into, &single, 4);
      } else {
        std::memcpy(into, &number, 8);
      }
      break;
    }
    case type_kind::chars: {
      const auto& text = std::get<std::string>(value.held);
      std::memcpy(into, text.data(), text.size());
      break;
    }
    case type_kind::array: {
      const auto& list = std::get<dynamic_value::list>(value.held);
      const auto& element = type.parameters[0];
      for (std::size_t i = 0; i < list.size(); ++i)
        encode_plain(element, list[i], into + i * element.bytes);
      break;
    }
    case type_kind::record: {
      const auto& record = std::get<dynamic_value::record>(value.held);
      for (const auto& field : type.fields) {
        encode_plain(field.type, *field_of(record, field.name),
                     into + field.at);
      }
      break;
    }
    default:
      break;  // Has blocks of its own, see `encode`.
  }
}

void encode_key(const type_tree& type, const dynamic_value& key,
                std::byte* into) {
  const auto* const text = std::get_if<std::string>(&key.held);
  if (type.kind == type_kind::text) return;
  if (text != nullptr && is_key(type)) {
    put_integer(*key_bits(type, *text), type.bytes, into);
  } else {
    encode_plain(type, key, into);
  }
}

void encode(transaction& txn, const type_tree& type, const dynamic_value& value,
            std::byte* into) {
  if (type.kind == type_kind::text) {
    const auto cell = memory::make_text(txn, std::get<std::string>(value.held));
    std::memcpy(into, cell.words.data(), 16);
  } else if (is_nestable(type.kind)) {
    const auto cell = make_nested(txn, type, value);
    std::memcpy(into, cell.words.data(), 16);
  } else {
    encode_plain(type, value, into);
  }
}

}  // namespace commy
