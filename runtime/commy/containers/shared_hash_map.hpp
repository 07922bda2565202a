// commy/containers/shared_hash_map.hpp: a shared map without order.
#pragma once

#include <commy/containers/swap_contents.hpp>
#include <commy/containers/unordered_table.hpp>

namespace commy {

/// Keys to values, constant time; see unordered_table for what it has in common
/// with shared_hash_set. Values are texts, plain types or containers:
///
///     shared_hash_map<shared_string, shared_vec<point>> tracks = ...;
///     tracks.try_emplace("a");                      // An empty one.
///     tracks.at("a").value().push_back({1, 2});     // A handle to it.
///     tracks.insert_or_assign("b", {{3, 4}});       // A copy goes in,
///     std::vector<point> b = tracks.get("b").value();  // and comes out.
template <shared_key K, shared_element V>
class shared_hash_map : public unordered_table<K, V> {
  using base = unordered_table<K, V>;
  using value_element = typename base::value_element;

public:
  using typename base::key_in;
  using typename base::key_type;
  using typename base::mapped_type;
  using value_in = typename value_element::in;
  using value_out = typename value_element::out;
  using base::base;

  [[nodiscard]] static std::string type_descriptor() {
    return "hash_map<" + memory::type_line<K>() + ", " +
           memory::type_line<V>() + ">";
  }

  /// A copy of the value under `key`, or `absent`. Lock-free, works on a
  /// read-only mapping. Cost: three cache lines for small keys and values.
  [[nodiscard]] result<value_out, read_error> get(key_in key) const {
    value_out value{};
    const auto copy = [&](const std::uint64_t* words) {
      return base::get_value(this->engine_->img(), words, value);
    };
    auto outcome = this->find_deep(key, copy);
    if (!outcome) [[unlikely]]
      return unexpected{outcome.error()};
    return value;
  }
  /// A handle to the container under `key`, or `absent`. It stays good while
  /// the entry does: see object_handle. Lock-free.
  [[nodiscard]] result<V, read_error> at(key_in key) const
    requires nested_container<V>
  {
    memory::nested_cell found{};
    std::uint64_t era = 0;
    auto outcome = this->find(key, [&](const std::uint64_t* words) {
      found = value_element::cell_in(words, base::slots::get().value_at);
      era = this->root().shape[4].load(std::memory_order_relaxed);
      return found.sound(this->engine_->img());
    });
    if (!outcome) return unexpected{outcome.error()};
    return nested_access::child<V>(*this, found, era);
  }
  /// Copies of all keys, or of all values, as of one moment.
  [[nodiscard]] result<std::vector<key_type>, read_error> keys() const {
    return pick([](auto&& entry) { return std::move(entry.first); });
  }
  [[nodiscard]] result<std::vector<mapped_type>, read_error> values() const {
    return pick([](auto&& entry) { return std::move(entry.second); });
  }

  /// Sets the value under `key`. True if the key is new.
  result<bool, write_error> insert_or_assign(key_in key, value_in value) {
    return this->change_at(
        key, [&](transaction& txn) __attribute__((always_inline)) {
          const auto place = locate(key);
          this->put(txn, place, key, value);
          return place.group == 0;
        });
  }
  /// Adds the value if there is none under `key`. True if it was added.
  result<bool, write_error> insert(key_in key, value_in value) {
    return this->change_at(
        key, [&](transaction& txn) __attribute__((always_inline)) {
          const auto place = locate(key);
          if (place.group != 0) return false;
          this->put(txn, place, key, value);
          return true;
        });
  }
  /// The same, and makes the value of `args` only when it is needed.
  template <class... Args>
  result<bool, write_error> try_emplace(key_in key, Args&&... args) {
    return this->change_at(key, [&](transaction& txn) {
      const auto place = locate(key);
      if (place.group != 0) return false;
      this->put(txn, place, key, mapped_type(std::forward<Args>(args)...));
      return true;
    });
  }
  /// Lets `edit(value&)` change a private copy of the value under `key` and
  /// stores it back; a container is edited in place, by its handle: each of its
  /// operations is part of this one. False when there is none.
  template <class Edit>
  result<bool, write_error> update(key_in key, Edit&& edit) {
    return this->change_at(key, [&](transaction& txn) {
      const auto place = locate(key);
      if (place.group == 0) return false;
      if constexpr (base::deep) {
        typename base::slot_words words{};
        this->at_table().load_slot(place, words.data());
        const auto cell =
            value_element::cell_in(words.data(), base::slots::get().value_at);
        nested_access::edit<V>(*this, cell, txn, edit);
      } else {
        auto value = value_of(txn, place);
        edit(value);
        this->put(txn, place, key, value);
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
    return this->change_at(key, [&](transaction& txn) {
      const auto place = locate(key);
      if (place.group == 0 || !(value_of(txn, place) == expected)) return false;
      this->put(txn, place, key, desired);
      return true;
    });
  }
  /// Erases the value under `key` and returns it; nothing when there is none.
  result<std::optional<mapped_type>, write_error> extract(key_in key) {
    return this->change_at(key,
                           [&](transaction& txn) -> std::optional<mapped_type> {
                             const auto place = locate(key);
                             if (place.group == 0) return std::nullopt;
                             auto value = value_of(txn, place);
                             this->at_table().erase(txn, place);
                             return value;
                           });
  }

  /// Exchanges contents with another one of its type, in constant time.
  result<void, write_error> swap(shared_hash_map& other) {
    return swap_contents(*this, other);
  }

private:
  using slot_place = typename base::table::place;

  [[nodiscard, gnu::always_inline]] slot_place locate(key_in key) const {
    return this->at_table().locate(memory::as_key<K>(key));
  }
  [[nodiscard]] mapped_type value_of(transaction& txn,
                                     const slot_place& at) const {
    typename base::slot_words words{};
    this->at_table().load_slot(at, words.data());
    mapped_type value{};
    if (!base::get_value(txn.img(), words.data(), value)) {
      throw memory::write_failed{write_error::damaged};
    }
    return value;
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
