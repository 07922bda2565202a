#include <commy/containers/type_layout.hpp>

#include <algorithm>

namespace commy {

using memory::btree_nodes;
using memory::hash_slots;

bool is_key(const type_tree& type) noexcept {
  return type.kind == type_kind::text || type.kind == type_kind::boolean ||
         type.kind == type_kind::signed_integer ||
         type.kind == type_kind::unsigned_integer;
}

std::optional<hash_slots> slots_of(const type_tree& table) noexcept {
  const auto& key = table.parameters[0];
  if (!is_key(key)) return std::nullopt;
  const bool key_is_text = key.kind == type_kind::text;
  if (table.kind == type_kind::hash_set) {
    return hash_slots::of(key.bytes, 0, 1, key_is_text, false);
  }
  const auto& value = table.parameters[1];
  // Before the sum of both could wrap.
  if (value.bytes == 0 || value.bytes > hash_slots::stride_max) {
    return std::nullopt;
  }
  const auto slots = hash_slots::of(
      key.bytes, value.bytes, std::max(value.align, 1U), key_is_text,
      value.kind == type_kind::text, is_nestable(value.kind));
  if (slots.stride > hash_slots::stride_max || slots.count == 0) {
    return std::nullopt;
  }
  return slots;
}

std::optional<btree_nodes> nodes_of(const type_tree& tree) noexcept {
  const auto& key = tree.parameters[0];
  if (key.bytes == 0 || key.bytes > btree_nodes::key_max) return std::nullopt;
  const bool key_is_text = key.kind == type_kind::text;
  if (tree.kind == type_kind::btree_set) {
    return btree_nodes::of(key.bytes, 0, key_is_text, false);
  }
  const auto& value = tree.parameters[1];
  if (value.bytes == 0 || value.bytes > btree_nodes::value_max) {
    return std::nullopt;
  }
  return btree_nodes::of(key.bytes, value.bytes, key_is_text,
                         value.kind == type_kind::text,
                         is_nestable(value.kind));
}

}  // namespace commy
