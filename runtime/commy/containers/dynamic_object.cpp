#include <commy/containers/decode_content.hpp>
#include <commy/containers/decode_value.hpp>
#include <commy/containers/detail/encode_table.hpp>
#include <commy/containers/dynamic_layout.hpp>
#include <commy/containers/dynamic_object.hpp>
#include <commy/containers/encode_value.hpp>
#include <commy/memory/packed_bytes.hpp>
#include <commy/memory/segment.hpp>
#include <commy/memory/vec_block.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace commy {
namespace {

using memory::lookup;

/// Could a typed container of this descriptor exist? The line is input.
bool is_object(const type_tree& type) {
  if (type.has_nested() && !is_object(type.element())) return false;
  switch (type.kind) {
    case type_kind::text:
      return true;
    case type_kind::box:
      return type.parameters[0].bytes > 0 && type.parameters[0].bytes <= 8192;
    case type_kind::vec_deque:
    case type_kind::vec:
      return type.parameters[0].bytes > 0 && type.parameters[0].bytes <= 4096;
    case type_kind::hash_map:
    case type_kind::hash_set:
      return slots_of(type).has_value();
    case type_kind::btree_map:
    case type_kind::btree_set:
      return nodes_of(type).has_value();
    default:
      return false;
  }
}

}  // namespace

result<dynamic_object, open_error> dynamic_object::open(const segment& in,
                                                        std::string_view name) {
  return open(in.engine(), name);
}

result<dynamic_object, open_error> dynamic_object::open(
    const std::shared_ptr<memory::engine>& engine, std::string_view name) {
  auto entry = memory::inspect_object(*engine, name);
  if (!entry) return unexpected{entry.error()};
  auto type = type_tree::parse(entry->type);
  if (type && type->kind == type_kind::topic) {
    return unexpected{open_error::refused,
                      std::string{name} +
                          ": a topic has messages, not a value; subscribe to "
                          "it with a shared_topic"};
  }
  if (!type || !is_object(*type)) {
    return unexpected{open_error::damaged,
                      std::string{name} + ": type '" + entry->type + "'"};
  }
  return dynamic_object{engine, entry->place, std::move(*type),
                        std::move(entry->type)};
}

lookup dynamic_object::look(const range& part, reading& into) const {
  into = {};  // Of a look that was disturbed.
  into.version = outer_root().sequence.load(std::memory_order_relaxed) / 2;
  return read_content(engine_->img(), root_at_, type_, part, into);
}

result<dynamic_object::reading, read_error> dynamic_object::read(
    range part) const {
  if (!engine_->usable()) return unexpected{read_error::detached};
  reading copied;
  auto outcome =
      read_at_length([&] { return look(part, copied); }, type_.has_nested());
  if (!outcome) return unexpected{outcome.error()};
  return copied;
}

/// A value that is a container lies outside of the units that `look` checks.
template <class Look>
result<void, read_error> dynamic_object::find_value(Look&& look) const {
  if (!type_.has_nested()) return read_with(look);
  return read_at_length([&] { return look(is_own()); }, true);
}

/// One look at the value's bytes under `key`; `found(bytes)` answers false when
/// they make no sense.
template <class Found>
lookup dynamic_object::look_at_key(const dynamic_value& key, bool own,
                                   Found&& found) const {
  const auto& img = engine_->img();
  const auto bytes = [](const std::uint64_t* words) {
    return reinterpret_cast<const std::byte*>(words);
  };
  if (type_.kind == type_kind::hash_map) {
    const auto layout = dynamic_slots::of(type_);
    const memory::hash_table<dynamic_slots> table{img, root_at_, layout};
    return table.find(
        generation_, detail::table_key_of(type_.parameters[0], key),
        [&](const std::uint64_t* words) {
          return found(bytes(words) + layout.slots.value_at);
        },
        own);
  }
  const dynamic_tree tree{img, root_at_, dynamic_order::of(type_)};
  const detail::tree_key sought{type_.parameters[0], key};
  return tree.find(
      generation_, memory::seek::equal, sought.get(),
      [&](const std::uint64_t*, const std::uint64_t* words) {
        return found(bytes(words));
      },
      own);
}

bool dynamic_object::can_be_key(const dynamic_value& key) const {
  return (type_.kind == type_kind::hash_map ||
          type_.kind == type_kind::btree_map) &&
         check_key(type_.parameters[0], key, "key");
}

result<dynamic_value, read_error> dynamic_object::get(
    const dynamic_value& key) const {
  if (!engine_->usable()) return unexpected{read_error::detached};
  if (!can_be_key(key)) return unexpected{read_error::absent};
  dynamic_value found;
  auto outcome = find_value([&](bool own) {
    return look_at_key(key, own, [&](const std::byte* bytes) {
      return decode(engine_->img(), type_.element(), bytes, found);
    });
  });
  if (!outcome) return unexpected{outcome.error()};
  return found;
}

namespace {

/// The element's type in the line of a map or vector: what stands behind the
/// key, up to the last bracket.
std::string element_line(const std::string& line) {
  int depth = 0;
  auto from = line.find('<') + 1;
  for (auto at = from; at + 1 < line.size(); ++at) {
    const char c = line[at];
    if (c == '<' || c == '{' || c == '[') ++depth;
    if (c == '>' || c == '}' || c == ']') --depth;
    if (c == ',' && depth == 0) from = at + 2;  // ", "
  }
  return line.substr(from, line.size() - 1 - from);
}

}  // namespace

result<dynamic_object, read_error> dynamic_object::at(
    const dynamic_value& key) const {
  if (!engine_->usable()) return unexpected{read_error::detached};
  if (!type_.has_nested()) return unexpected{read_error::absent};
  memory::nested_cell cell{};
  std::uint64_t era = 0;
  const auto take = [&](const std::byte* bytes) {
    std::memcpy(cell.words.data(), bytes, sizeof cell);
    era = root().shape[4].load(std::memory_order_relaxed);
    return cell.sound(engine_->img());
  };
  result<void, read_error> outcome;
  if (type_.kind == type_kind::vec) {
    const auto index = index_of(key);
    if (!index) return unexpected{read_error::absent};
    outcome = read_with([&](bool own) {
      return memory::look_at_element(
          engine_->img(), root(), generation_,
          memory::vec_block::of(type_.element().bytes), *index, own,
          [&](memory::offset element) {
            std::array<std::byte, sizeof cell> bytes;
            memory::load_bytes(engine_->img(), element, bytes.size(),
                               bytes.data());
            return take(bytes.data());
          });
    });
  } else if (can_be_key(key)) {
    outcome = read_with([&](bool own) { return look_at_key(key, own, take); });
  } else {
    return unexpected{read_error::absent};
  }
  if (!outcome) return unexpected{outcome.error()};
  dynamic_object made{engine_, cell.place(), type_.element(),
                      element_line(line_)};
  made.patience_ = patience_;
  made.way_ = way_.below(place(), era);
  made.within_ = within_;
  return made;
}

}  // namespace commy
