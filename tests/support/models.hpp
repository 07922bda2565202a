// tests/support/models.hpp: std containers with the names and answers of ours.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace commy::test {

/// std::map as shared_hash_map or shared_btree_map.
template <class K, class V>
struct model_map : std::map<K, V> {
  bool keep_changes(std::uint64_t /*entries*/) { return true; }
  using entry = std::pair<K, V>;

  model_map() = default;
  /// From what a copy of ours answers, as the value of another one.
  template <class X>
  // NOLINTNEXTLINE(google-explicit-constructor)
  model_map(const std::vector<std::pair<K, X>>& entries) {
    bulk_load(entries);
  }
  bool try_emplace(const K& key) { return insert(key, V{}); }
  bool insert_or_assign(const K& key, const V& value) {
    return std::map<K, V>::insert_or_assign(key, value).second;
  }
  bool insert(const K& key, const V& value) {
    return this->emplace(key, value).second;
  }
  bool try_emplace(const K& key, const V& value) { return insert(key, value); }
  bool erase(const K& key) { return std::map<K, V>::erase(key) > 0; }
  std::optional<V> extract(const K& key) {
    const auto found = this->find(key);
    if (found == this->end()) return std::nullopt;
    auto value = found->second;
    std::map<K, V>::erase(found);
    return value;
  }
  template <class Edit>
  bool update(const K& key, Edit&& edit) {
    const auto found = this->find(key);
    if (found == this->end()) return false;
    edit(found->second);
    return true;
  }
  bool compare_exchange(const K& key, const V& expected, const V& desired) {
    const auto found = this->find(key);
    if (found == this->end() || !(found->second == expected)) return false;
    found->second = desired;
    return true;
  }
  std::optional<entry> pop_front() {
    if (this->empty()) return std::nullopt;
    entry first = *this->begin();
    erase(first.first);
    return first;
  }
  std::optional<entry> pop_back() {
    if (this->empty()) return std::nullopt;
    entry last = *this->rbegin();
    erase(last.first);
    return last;
  }
  template <class Wanted>
  std::uint64_t erase_if(Wanted&& wanted) {
    return std::erase_if(*this, wanted);
  }
  std::uint64_t erase_range(const K& from, const K& to) {
    return erase_if(
        [&](const auto& e) { return !(e.first < from) && e.first < to; });
  }
  template <class Range>
  bool bulk_load(const Range& range) {
    for (const auto& [key, value] : range)
      insert_or_assign(key, value);
    return true;
  }
  bool clear() {
    std::map<K, V>::clear();
    return true;
  }
  std::vector<entry> take() {
    std::vector<entry> all(this->begin(), this->end());
    clear();
    return all;
  }
  bool reserve(std::size_t /*count*/) { return true; }
};

/// std::set as shared_hash_set or shared_btree_set.
template <class K>
struct model_set : std::set<K> {
  bool keep_changes(std::uint64_t /*entries*/) { return true; }
  bool insert(const K& key) { return this->emplace(key).second; }
  bool erase(const K& key) { return std::set<K>::erase(key) > 0; }
  template <class Wanted>
  std::uint64_t erase_if(Wanted&& wanted) {
    return std::erase_if(*this, wanted);
  }
  template <class Range>
  bool bulk_load(const Range& range) {
    for (const auto& key : range)
      insert(K(key));
    return true;
  }
  bool clear() {
    std::set<K>::clear();
    return true;
  }
  template <class Other>
  bool unite(const Other& other) {
    return bulk_load(other);
  }
  template <class Other>
  std::uint64_t intersect(const Other& other) {
    return erase_if([&](const K& key) { return !other.contains(key); });
  }
  template <class Other>
  std::uint64_t subtract(const Other& other) {
    return erase_if([&](const K& key) { return other.contains(key); });
  }
};

/// std::vector as shared_vec.
template <class T>
struct model_vec : std::vector<T> {
  bool keep_changes(std::uint64_t /*entries*/) { return true; }
  using base = std::vector<T>;

  model_vec() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): as the value of a map.
  model_vec(base values) : base(std::move(values)) {}
  bool push_back(const T& value) {
    base::push_back(value);
    return true;
  }
  std::optional<T> pop_back() {
    if (this->empty()) return std::nullopt;
    auto value = this->back();
    base::pop_back();
    return value;
  }
  bool set(std::size_t index, const T& value) {
    if (index >= this->size()) return false;
    (*this)[index] = value;
    return true;
  }
  bool compare_exchange(std::size_t index, const T& expected,
                        const T& desired) {
    if (index >= this->size() || !((*this)[index] == expected)) return false;
    (*this)[index] = desired;
    return true;
  }
  template <class Edit>
  bool update(std::size_t index, Edit&& edit) {
    if (index >= this->size()) return false;
    edit((*this)[index]);
    return true;
  }
  bool insert(std::size_t index, const T& value) {
    if (index > this->size()) return false;
    base::insert(place(index), value);
    return true;
  }
  bool erase(std::size_t index) {
    if (index >= this->size()) return false;
    base::erase(place(index));
    return true;
  }
  std::optional<T> extract(std::size_t index) {
    if (index >= this->size()) return std::nullopt;
    auto value = (*this)[index];
    erase(index);
    return value;
  }
  bool swap_elements(std::size_t a, std::size_t b) {
    std::swap((*this)[a], (*this)[b]);
    return true;
  }
  template <class Range>
  bool append(const Range& values) {
    for (const auto& value : values)
      base::push_back(T(value));
    return true;
  }
  template <class Range>
  bool assign(const Range& values) {
    base::clear();
    return append(values);
  }
  bool resize(std::size_t count, const T& value = T()) {
    base::resize(count, value);
    return true;
  }
  bool clear() {
    base::clear();
    return true;
  }
  bool reserve(std::size_t /*count*/) { return true; }
  bool shrink_to_fit() { return true; }
  template <class Wanted>
  std::uint64_t erase_if(Wanted&& wanted) {
    return std::erase_if(static_cast<base&>(*this), wanted);
  }
  std::uint64_t unique() {
    const auto end = std::unique(this->begin(), this->end());
    const auto gone = this->end() - end;
    base::erase(end, this->end());
    return static_cast<std::uint64_t>(gone);
  }
  template <class Less>
  bool sort(Less less) {
    std::sort(this->begin(), this->end(), less);
    return true;
  }
  bool reverse() {
    std::reverse(this->begin(), this->end());
    return true;
  }
  base take() {
    base all = *this;
    clear();
    return all;
  }
  bool swap(model_vec& other) {
    base::swap(other);
    return true;
  }

private:
  [[nodiscard]] auto place(std::size_t index) {
    return this->begin() + static_cast<std::ptrdiff_t>(index);
  }
};

/// std::deque as shared_vec_deque.
template <class T>
struct model_queue : std::deque<T> {
  bool keep_changes(std::uint64_t /*entries*/) { return true; }
  using base = std::deque<T>;

  bool push_back(const T& value) {
    base::push_back(value);
    return true;
  }
  bool push_front(const T& value) {
    base::push_front(value);
    return true;
  }
  std::optional<T> pop_front() {
    if (this->empty()) return std::nullopt;
    auto value = this->front();
    base::pop_front();
    return value;
  }
  std::optional<T> pop_back() {
    if (this->empty()) return std::nullopt;
    auto value = this->back();
    base::pop_back();
    return value;
  }
  std::optional<T> pop_front_wait(std::chrono::nanoseconds /*at_most*/) {
    return pop_front();
  }
  std::optional<T> pop_back_wait(std::chrono::nanoseconds /*at_most*/) {
    return pop_back();
  }
  template <class Edit>
  bool update(std::size_t index, Edit&& edit) {
    if (index >= this->size()) return false;
    edit((*this)[index]);
    return true;
  }
  bool set(std::size_t index, const T& value) {
    if (index >= this->size()) return false;
    (*this)[index] = value;
    return true;
  }
  template <class Range>
  bool append(const Range& values) {
    for (const auto& value : values)
      base::push_back(value);
    return true;
  }
  template <class Range>
  bool assign(const Range& values) {
    base::clear();
    return append(values);
  }
  template <class Wanted>
  std::uint64_t erase_if(Wanted&& wanted) {
    return std::erase_if(static_cast<base&>(*this), wanted);
  }
  bool clear() {
    base::clear();
    return true;
  }
  bool reserve(std::size_t /*count*/) { return true; }
  std::vector<T> take() {
    std::vector<T> all(this->begin(), this->end());
    base::clear();
    return all;
  }
};

template <class T>
struct model_box {
  bool keep_changes(std::uint64_t /*entries*/) { return true; }
  T value{};
  bool set(const T& other) {
    value = other;
    return true;
  }
  template <class Edit>
  bool update(Edit&& edit) {
    edit(value);
    return true;
  }
  bool compare_exchange(const T& expected, const T& desired) {
    if (!(value == expected)) return false;
    value = desired;
    return true;
  }
  friend bool operator==(const model_box&, const model_box&) = default;
};

struct model_text {
  bool keep_changes(std::uint64_t /*entries*/) { return true; }
  std::string value;
  bool assign(const std::string& text) {
    value = text;
    return true;
  }
  bool append(const std::string& text) {
    value += text;
    return true;
  }
  template <class Edit>
  bool update(Edit&& edit) {
    edit(value);
    return true;
  }
  bool compare_exchange(const std::string& expected,
                        const std::string& desired) {
    if (value != expected) return false;
    value = desired;
    return true;
  }
  bool clear() { return assign({}); }
  friend bool operator==(const model_text&, const model_text&) = default;
};

}  // namespace commy::test
