// commy/containers/detail/encode_table.hpp: writing maps and sets by their
// descriptors.
#pragma once

#include <commy/containers/dynamic_layout.hpp>
#include <commy/containers/dynamic_value.hpp>
#include <commy/memory/transaction.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace commy::detail {

/// A map's entries or, without values, a set's.
using entry_list = std::vector<std::pair<dynamic_value, const dynamic_value*>>;

/// Content in one of its shapes, as entries. Nothing (false) when it is none.
[[nodiscard]] bool list_entries(const type_tree& type,
                                const dynamic_value& content, entry_list& into);

/// A key's text, or its bytes; and which of two comes first in a tree.
[[nodiscard]] std::string key_bytes(const type_tree& type,
                                    const dynamic_value& key);
[[nodiscard]] bool key_before(const type_tree& type, const std::string& a,
                              const std::string& b) noexcept;

/// A checked key as a table looks for it; valid as long as `key`.
[[nodiscard]] memory::table_key table_key_of(const type_tree& type,
                                             const dynamic_value& key);
/// The same for a tree.
class tree_key {
public:
  tree_key(const type_tree& type, const dynamic_value& key);
  tree_key(const tree_key&) = delete;
  tree_key& operator=(const tree_key&) = delete;
  [[nodiscard]] const dynamic_order::key& get() const noexcept {
    return sought_;
  }

private:
  std::array<std::uint64_t, memory::btree_nodes::key_max / 8> words_{};
  dynamic_order::key sought_;
};

/// Changes of a hash map or hash set.
class table_writer {
public:
  table_writer(transaction& txn, memory::offset root_at, const type_tree& type)
      : txn_{txn},
        type_{type},
        view_{txn.img(), root_at, dynamic_slots::of(type)} {}

  bool put(const dynamic_value& key, const dynamic_value* value);
  bool erase(const dynamic_value& key);
  void clear() { view_.clear(txn_); }
  void assign(const entry_list& entries);

private:
  void fill(std::uint64_t* words, const dynamic_value& key,
            const dynamic_value* value) const;
  void fill_value(std::uint64_t* words, const dynamic_value& value) const;

  transaction& txn_;
  const type_tree& type_;
  memory::hash_table<dynamic_slots> view_;
};

/// Changes of an ordered map or set.
class tree_writer {
public:
  tree_writer(transaction& txn, memory::offset root_at, const type_tree& type)
      : txn_{txn},
        type_{type},
        view_{txn.img(), root_at, dynamic_order::of(type)} {}

  bool put(const dynamic_value& key, const dynamic_value* value);
  bool erase(const dynamic_value& key);
  void clear();
  void assign(const entry_list& entries);

private:
  using key_words = std::array<std::uint64_t, memory::btree_nodes::key_max / 8>;
  using value_words =
      std::array<std::uint64_t, memory::btree_nodes::value_max / 8>;

  [[nodiscard]] dynamic_tree::path locate(const dynamic_value& key) const {
    const tree_key sought{type_.parameters[0], key};
    return view_.locate(memory::seek::equal, sought.get());
  }
  void fill_key(key_words& words, const dynamic_value& key) const;
  void fill_value(value_words& words, const dynamic_value* value) const;

  transaction& txn_;
  const type_tree& type_;
  dynamic_tree view_;
};

}  // namespace commy::detail
