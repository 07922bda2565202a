// commy/containers/shared_btree_set.hpp: a shared set in order.
#pragma once

#include <commy/containers/ordered_tree.hpp>
#include <commy/containers/set_algebra.hpp>
#include <commy/containers/swap_contents.hpp>

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
  /// Adds what is in `other`, as one transaction over both.
  template <class Other>
  result<void, write_error> unite(const Other& other) {
    return memory::unite_sets(*this, other);
  }
  /// Keeps only what is in `other` too. Returns how many went.
  template <class Other>
  result<std::uint64_t, write_error> intersect(const Other& other) {
    return memory::filter_set(*this, other, true);
  }
  /// Removes what is in `other`. Returns how many went.
  template <class Other>
  result<std::uint64_t, write_error> subtract(const Other& other) {
    return memory::filter_set(*this, other, false);
  }
  /// Exchanges contents with another one of its type, in constant time.
  result<void, write_error> swap(shared_btree_set& other) {
    return swap_contents(*this, other);
  }
};

}  // namespace commy
