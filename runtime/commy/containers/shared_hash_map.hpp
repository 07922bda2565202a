// commy/containers/shared_hash_map.hpp: a shared map without order.
#pragma once

#include <commy/containers/swap_contents.hpp>
#include <commy/containers/unordered_table.hpp>

namespace commy {

/// Keys to values, constant time; see unordered_table for what it has in common
/// with shared_hash_set.
template <shared_key K, shared_value V>
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
    auto outcome = this->find(key, [&](const std::uint64_t* words) {
      return base::get_value(this->engine_->img(), words, value);
    });
    if (!outcome) return unexpected{outcome.error()};
    return value;
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
    return this->change_at(key, [&](transaction& txn) {
      const auto place = locate(key);
      this->put(txn, place, key, value);
      return place.group == 0;
    });
  }
  /// Adds the value if there is none under `key`. True if it was added.
  result<bool, write_error> insert(key_in key, value_in value) {
    return this->change_at(key, [&](transaction& txn) {
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
  /// stores it back. False when there is none.
  template <class Edit>
  result<bool, write_error> update(key_in key, Edit&& edit) {
    return this->change_at(key, [&](transaction& txn) {
      const auto place = locate(key);
      if (place.group == 0) return false;
      auto value = value_of(txn, place);
      edit(value);
      this->put(txn, place, key, value);
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

  [[nodiscard]] slot_place locate(key_in key) const {
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
