// commy/containers/shared_btree_set.hpp: a shared set in order.
#pragma once

#include <commy/containers/ordered_tree.hpp>

namespace commy {

/// Keys in ascending order; see ordered_tree for most of what it offers.
template <ordered_key K>
class shared_btree_set : public ordered_tree<K, void> {
  using base = ordered_tree<K, void>;

public:
  using base::base;
  using typename base::key_in;

  [[nodiscard]] static std::string type_descriptor() {
    return "btree_set<" + memory::type_line<K>() + ">";
  }

  /// True if the key is new.
  result<bool, write_error> insert(key_in key) {
    return this->change([&](transaction& txn) {
      auto at = this->at_tree().locate(memory::seek::equal, base::sought(key));
      if (at.there) return false;
      this->put_words(txn, at, key, nullptr);
      return true;
    });
  }
};

}  // namespace commy
