// commy/containers/shared_btree_map.hpp: a shared map in the order of its keys.
#pragma once

#include <commy/containers/ordered_tree.hpp>
#include <commy/containers/swap_contents.hpp>

namespace commy {

/// Keys to values, in ascending order of the keys; see ordered_tree for what it
/// has in common with shared_btree_set, and shared_hash_map for values that are
/// containers.
template <ordered_key K, shared_element V>
class shared_btree_map : public ordered_tree<K, V> {
  using base = ordered_tree<K, V>;
  using value_element = typename base::value_element;

public:
  using typename base::key_in;
  using typename base::key_type;
  using typename base::mapped_type;
  using value_in = typename value_element::in;
  using base::base;

  [[nodiscard]] static std::string type_descriptor() {
    return "btree_map<" + memory::type_line<K>() + ", " +
           memory::type_line<V>() + ">";
  }

  /// A copy of the value under `key`, or `absent`. Lock-free, works on a
  /// read-only mapping. Cost: a few cache lines a level.
  [[nodiscard]] result<mapped_type, read_error> get(key_in key) const {
    mapped_type value{};
    auto outcome = this->find_deep(
        memory::seek::equal, key,
        [&](const std::uint64_t*, const std::uint64_t* words) {
          return base::get_value(this->engine_->img(), words, value);
        });
    if (!outcome) return unexpected{outcome.error()};
    return value;
  }
  /// A handle to the container under `key`, or `absent`. It stays good while
  /// the entry does: see object_handle. Lock-free.
  [[nodiscard]] result<V, read_error> at(key_in key) const
    requires nested_container<V>
  {
    memory::nested_cell found{};
    std::uint64_t era = 0;
    auto outcome = this->find(
        memory::seek::equal, key,
        [&](const std::uint64_t*, const std::uint64_t* words) {
          found = value_element::cell_in(words, 0);
          era = this->root().shape[4].load(std::memory_order_relaxed);
          return found.sound(this->engine_->img());
        });
    if (!outcome) return unexpected{outcome.error()};
    return nested_access::child<V>(*this, found, era);
  }
  /// Copies of all keys, or of all values, in order.
  [[nodiscard]] result<std::vector<key_type>, read_error> keys() const {
    return pick([](auto&& entry) { return std::move(entry.first); });
  }
  [[nodiscard]] result<std::vector<mapped_type>, read_error> values() const {
    return pick([](auto&& entry) { return std::move(entry.second); });
  }

  /// Sets the value under `key`. True if the key is new.
  result<bool, write_error> insert_or_assign(key_in key, value_in value) {
    return this->change([&](transaction& txn) {
      auto at = locate(key);
      const bool fresh = !at.there;
      put(txn, at, key, value);
      return fresh;
    });
  }
  /// Adds the value if there is none under `key`. True if it was added.
  result<bool, write_error> insert(key_in key, value_in value) {
    return this->change([&](transaction& txn) {
      auto at = locate(key);
      if (at.there) return false;
      put(txn, at, key, value);
      return true;
    });
  }
  /// The same, and makes the value of `args` only when it is needed.
  template <class... Args>
  result<bool, write_error> try_emplace(key_in key, Args&&... args) {
    return this->change([&](transaction& txn) {
      auto at = locate(key);
      if (at.there) return false;
      put(txn, at, key, mapped_type(std::forward<Args>(args)...));
      return true;
    });
  }
  /// Lets `edit(value&)` change a private copy of the value under `key` and
  /// stores it back; a container is edited in place, by its handle: each of its
  /// operations is part of this one. False when there is none.
  template <class Edit>
  result<bool, write_error> update(key_in key, Edit&& edit) {
    return this->change([&](transaction& txn) {
      auto at = locate(key);
      if (!at.there) return false;
      if constexpr (base::deep) {
        typename base::value_words words{};
        this->at_tree().load_value(at, words.data());
        const auto cell = value_element::cell_in(words.data(), 0);
        nested_access::edit<V>(*this, cell, txn, edit);
      } else {
        auto value = value_of(txn, at);
        edit(value);
        put(txn, at, key, value);
      }
      return true;
    });
  }
  /// Replaces the value under `key` by `desired` if it is `expected`, by its
  /// `==`. True if it did; false also when there is none.
  result<bool, write_error> compare_exchange(key_in key, value_in expected,
                                             value_in desired)
    requires std::equality_comparable<mapped_type>
  {
    return this->change([&](transaction& txn) {
      auto at = locate(key);
      if (!at.there || !(value_of(txn, at) == expected)) return false;
      put(txn, at, key, desired);
      return true;
    });
  }
  /// Erases the value under `key` and returns it; nothing when there is none.
  result<std::optional<mapped_type>, write_error> extract(key_in key) {
    return this->change([&](transaction& txn) -> std::optional<mapped_type> {
      auto at = locate(key);
      if (!at.there) return std::nullopt;
      auto value = value_of(txn, at);
      this->at_tree().erase(txn, at);
      return value;
    });
  }

  /// Exchanges contents with another one of its type, in constant time.
  result<void, write_error> swap(shared_btree_map& other) {
    return swap_contents(*this, other);
  }

private:
  using typename base::path;

  [[nodiscard]] path locate(key_in key) const {
    return this->at_tree().locate(memory::seek::equal, base::sought(key));
  }
  [[nodiscard]] mapped_type value_of(transaction& txn, const path& at) const {
    typename base::value_words words{};
    this->at_tree().load_value(at, words.data());
    mapped_type value{};
    if (!base::get_value(txn.img(), words.data(), value)) {
      throw memory::write_failed{write_error::damaged};
    }
    return value;
  }
  void put(transaction& txn, path& at, key_in key, value_in value) const {
    typename base::value_words words{};
    value_element::put(txn, words.data(), 0, value);
    this->put_words(txn, at, key, words.data());
  }
  template <class Pick>
  auto pick(Pick&& part) const {
    using item = std::remove_cvref_t<
        std::invoke_result_t<Pick&, typename base::value_type>>;
    auto all = this->copy();
    if (!all) {
      return result<std::vector<item>, read_error>{unexpected{all.error()}};
    }
    std::vector<item> picked;
    picked.reserve(all->size());
    for (auto& entry : *all)
      picked.push_back(part(std::move(entry)));
    return result<std::vector<item>, read_error>{std::move(picked)};
  }
};

}  // namespace commy
