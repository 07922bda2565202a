// commy/containers/shared_hash_set.hpp: a shared set without order.
#pragma once

#include <commy/containers/set_algebra.hpp>
#include <commy/containers/swap_contents.hpp>
#include <commy/containers/unordered_table.hpp>

namespace commy {

/// Keys, constant time; see unordered_table for most of what it offers.
template <shared_key K>
class shared_hash_set : public unordered_table<K, void> {
  using base = unordered_table<K, void>;

public:
  using base::base;
  using typename base::key_in;

  [[nodiscard]] static std::string type_descriptor() {
    return "hash_set<" + memory::type_line<K>() + ">";
  }

  /// True if the key is new.
  result<bool, write_error> insert(key_in key) {
    return this->change_at(key, [&](transaction& txn) {
      const auto place = this->at_table().locate(memory::as_key<K>(key));
      if (place.group != 0) return false;
      this->put(txn, place, key, 0);
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
  result<void, write_error> swap(shared_hash_set& other) {
    return swap_contents(*this, other);
  }
};

}  // namespace commy
