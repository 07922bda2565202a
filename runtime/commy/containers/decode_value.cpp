#include <commy/containers/decode_content.hpp>
#include <commy/containers/decode_value.hpp>
#include <commy/memory/text_cell.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace commy {

using memory::image;
using memory::text_cell;

namespace {

template <class Raw, class As>
void put_number(const std::byte* from, dynamic_value& into) {
  Raw raw;
  std::memcpy(&raw, from, sizeof raw);
  into.held = static_cast<As>(raw);
}

}  // namespace

bool decode(const memory::copy_source& source, const type_tree& type,
            const std::byte* from, dynamic_value& into) {
  const image& img = source.img();
  switch (type.kind) {
    case type_kind::boolean:
      into.held = (static_cast<unsigned>(*from) & 1U) != 0;
      return true;
    case type_kind::signed_integer:
      if (type.bytes == 1) put_number<std::int8_t, std::int64_t>(from, into);
      if (type.bytes == 2) put_number<std::int16_t, std::int64_t>(from, into);
      if (type.bytes == 4) put_number<std::int32_t, std::int64_t>(from, into);
      if (type.bytes == 8) put_number<std::int64_t, std::int64_t>(from, into);
      return true;
    case type_kind::unsigned_integer:
      if (type.bytes == 1) put_number<std::uint8_t, std::uint64_t>(from, into);
      if (type.bytes == 2) put_number<std::uint16_t, std::uint64_t>(from, into);
      if (type.bytes == 4) put_number<std::uint32_t, std::uint64_t>(from, into);
      if (type.bytes == 8) put_number<std::uint64_t, std::uint64_t>(from, into);
      return true;
    case type_kind::real:
      if (type.bytes == 4) put_number<float, double>(from, into);
      if (type.bytes == 8) put_number<double, double>(from, into);
      return true;
    case type_kind::text: {
      text_cell cell;
      std::memcpy(cell.words.data(), from, 16);
      if (!cell.sound(img)) return false;
      memory::copy_text(img, cell, into.held.emplace<std::string>());
      return true;
    }
    case type_kind::chars: {
      const auto* const begin = reinterpret_cast<const char*>(from);
      into.held =
          std::string{begin, std::find(begin, begin + type.count, '\0')};
      return true;
    }
    case type_kind::array: {
      auto& list = into.held.emplace<dynamic_value::list>(type.count);
      const auto& element = type.parameters[0];
      for (std::uint32_t i = 0; i < type.count; ++i) {
        if (!decode(source, element, from + std::size_t{i} * element.bytes,
                    list[i])) {
          return false;
        }
      }
      return true;
    }
    case type_kind::record: {
      auto& record = into.held.emplace<dynamic_value::record>();
      record.reserve(type.fields.size());
      for (const auto& field : type.fields) {
        auto& entry = record.emplace_back(field.name, dynamic_value{});
        if (!decode(source, field.type, from + field.at, entry.second)) {
          return false;
        }
      }
      return true;
    }
    case type_kind::hash_map:
    case type_kind::vec_deque:
    case type_kind::vec:
    case type_kind::hash_set:
    case type_kind::btree_map:
    case type_kind::btree_set:
      return decode_nested(source, type, from, into);
    case type_kind::box:
    case type_kind::topic:
      break;
  }
  return false;
}

}  // namespace commy
