// commy/containers/type_layout.hpp: how an object's bytes lie, by descriptor.
#pragma once

#include <commy/containers/type_tree.hpp>
#include <commy/memory/btree_nodes.hpp>
#include <commy/memory/hash_slots.hpp>

#include <optional>

namespace commy {

/// True for keys that a single text can stand for: texts, integers and bool.
/// Those of hash maps and hash sets are all of this kind.
[[nodiscard]] bool is_key(const type_tree& type) noexcept;

/// Where keys and values lie in a `hash_map` or `hash_set`; nothing when no
/// typed container of this descriptor could exist. The descriptor is input.
[[nodiscard]] std::optional<memory::hash_slots> slots_of(
    const type_tree& table) noexcept;

/// The same for the nodes of a `btree_map` or `btree_set`.
[[nodiscard]] std::optional<memory::btree_nodes> nodes_of(
    const type_tree& tree) noexcept;

}  // namespace commy
