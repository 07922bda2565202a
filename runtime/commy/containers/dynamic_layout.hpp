// commy/containers/dynamic_layout.hpp: tables and trees by their descriptors.
#pragma once

#include <commy/containers/ordered_key.hpp>
#include <commy/containers/type_layout.hpp>
#include <commy/memory/btree.hpp>
#include <commy/memory/hash_table.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace commy {

/// Where keys and values of a map lie, by its descriptor.
struct dynamic_slots {
  memory::hash_slots slots;
  [[nodiscard]] const memory::hash_slots& get() const noexcept { return slots; }

  /// Requires: a descriptor that open() has accepted.
  [[nodiscard]] static dynamic_slots of(const type_tree& table) {
    return {*slots_of(table)};
  }
};

/// How keys of a tree order and where they lie, by its descriptor.
struct dynamic_order {
  static constexpr bool is_word = false;
  struct key {
    std::string_view text{};
    const std::byte* bytes = nullptr;
  };
  const type_tree* key_type;
  memory::btree_nodes shape;

  /// Requires: a descriptor that open() has accepted.
  [[nodiscard]] static dynamic_order of(const type_tree& tree) {
    return {&tree.parameters[0], *nodes_of(tree)};
  }
  [[nodiscard]] const memory::btree_nodes& nodes() const noexcept {
    return shape;
  }
  [[nodiscard]] int compare(const memory::image& img,
                            const std::uint64_t* words, const key& sought,
                            bool& sound) const noexcept {
    if (key_type->kind != type_kind::text) {
      return compare_values(
          *key_type, reinterpret_cast<const std::byte*>(words), sought.bytes);
    }
    const memory::text_cell cell{{words[0], words[1]}};
    sound = sound && cell.sound(img);
    return sound ? memory::compare_text(img, cell, sought.text) : 0;
  }
  /// Requires: `left` is below `right`.
  void separator(transaction& txn, const std::uint64_t* left,
                 const std::uint64_t* right, std::uint64_t* into) const {
    if (key_type->kind == type_kind::text) {
      memory::separate_texts(txn, left, right, into);
    } else {
      std::copy_n(right, shape.key_words(), into);
    }
  }
};
using dynamic_tree = memory::btree<dynamic_order>;

}  // namespace commy
