// commy/containers/detail/ordered_tree_write.hpp: changing ordered maps and
// sets.
#pragma once

#include <commy/containers/ordered_tree.hpp>

namespace commy {

template <ordered_key K, class V>
void ordered_tree<K, V>::put_words(transaction& txn, path& at, key_in key,
                                   const std::uint64_t* values) const {
  auto view = at_tree();
  if (at.there) {
    if constexpr (is_map) view.replace_value(txn, at, values);
    return;
  }
  key_words keys{};
  key_element::put(txn, keys.data(), 0, key);
  view.insert(txn, at, keys.data(), values);
}

template <ordered_key K, class V>
void ordered_tree<K, V>::add(transaction& txn, const value_type& entry) const {
  auto at = at_tree().locate(memory::seek::equal, sought(key_of(entry)));
  value_words values{};
  if constexpr (is_map) {
    value_element::put(txn, values.data(), 0, entry.second);
  }
  put_words(txn, at, key_of(entry), values.data());
}

template <ordered_key K, class V>
result<bool, write_error> ordered_tree<K, V>::erase(key_in key) {
  return change([&](transaction& txn) {
    auto view = at_tree();
    auto at = view.locate(memory::seek::equal, sought(key));
    if (!at.there) return false;
    view.erase(txn, at);
    return true;
  });
}

template <ordered_key K, class V>
result<std::optional<typename ordered_tree<K, V>::value_type>, write_error>
ordered_tree<K, V>::pop(memory::seek what) {
  return change([&](transaction& txn) -> std::optional<value_type> {
    auto view = at_tree();
    if (view.size() == 0) return std::nullopt;
    auto at = view.locate(what, {});
    if (!at.there) throw memory::write_failed{write_error::damaged};
    auto entry = entry_of(view, at);
    view.erase(txn, at);
    return entry;
  });
}

template <ordered_key K, class V>
result<void, write_error> ordered_tree<K, V>::clear() {
  return change([&](transaction& txn) {
    auto view = at_tree();
    if (view.size() == 0) return;
    view.rebuild(txn, true,
                 [](std::uint64_t*, std::uint64_t*) { return false; });
  });
}

template <ordered_key K, class V>
result<std::vector<typename ordered_tree<K, V>::value_type>, write_error>
ordered_tree<K, V>::take() {
  return change([&](transaction& txn) {
    content_type taken;
    auto view = at_tree();
    if (view.size() == 0) return taken;
    if (!copy_out(txn.img(), root_at_, taken)) {
      throw memory::write_failed{write_error::damaged};
    }
    view.rebuild(txn, true,
                 [](std::uint64_t*, std::uint64_t*) { return false; });
    return taken;
  });
}

/// Erases what `gone(view)` is true for: a few entries each by itself, more by
/// building the tree of the others aside.
template <ordered_key K, class V>
template <class Gone>
std::uint64_t ordered_tree<K, V>::erase_all(transaction& txn,
                                            Gone&& gone) const {
  constexpr std::size_t few = 4;
  auto view = at_tree();
  if (view.size() == 0) return 0;
  std::vector<bool> verdicts;
  std::vector<key_type> keys;
  std::uint64_t count = 0;
  for (auto at = view.locate(memory::seek::first, {}); at.there;
       view.advance(at)) {
    const bool goes = gone(look(txn.img(), view, at));
    verdicts.push_back(goes);
    if (goes && ++count <= few) {
      keys.push_back(key_type(key_element::look(txn.img(), view.key_at(at))));
    }
  }
  if (count <= few) {
    for (const auto& key : keys) {
      auto at = view.locate(memory::seek::equal, sought(key));
      if (at.there) view.erase(txn, at);
    }
    return count;
  }
  auto at = view.locate(memory::seek::first, {});
  std::size_t i = 0;
  view.rebuild(txn, false, [&](std::uint64_t* k, std::uint64_t* v) {
    for (; at.there; view.advance(at)) {
      view.load_key(at, k);
      view.load_value(at, v);
      if (!verdicts[i++]) {
        view.advance(at);
        return true;
      }
      view.drop_entry(txn, at);
    }
    return false;
  });
  return count;
}

template <ordered_key K, class V>
template <class Wanted>
result<std::uint64_t, write_error> ordered_tree<K, V>::erase_if(
    Wanted&& wanted) {
  return change([&](transaction& txn) { return erase_all(txn, wanted); });
}

template <ordered_key K, class V>
result<std::uint64_t, write_error> ordered_tree<K, V>::erase_range(key_in from,
                                                                   key_in to) {
  return change([&](transaction& txn) {
    return erase_all(txn, [&](const view_type& seen) {
      const auto& key = [&]() -> const auto& {
        if constexpr (is_map) {
          return seen.first;
        } else {
          return seen;
        }
      }();
      return !order::before(key, from) && order::before(key, to);
    });
  });
}

/// Adds entries that are sorted and unique.
template <ordered_key K, class V>
void ordered_tree<K, V>::merge(transaction& txn,
                               const std::vector<value_type>& fresh) const {
  auto view = at_tree();
  auto at = view.locate(memory::seek::first, {});
  std::size_t next = 0;
  view.rebuild(txn, false, [&](std::uint64_t* k, std::uint64_t* v) {
    if (at.there) {
      const auto here = key_element::look(txn.img(), view.key_at(at));
      if (next == fresh.size() || order::before(here, key_of(fresh[next]))) {
        view.load_key(at, k);
        view.load_value(at, v);
        view.advance(at);
        return true;
      }
      if (!order::before(key_of(fresh[next]), here)) {
        view.drop_entry(txn, at);
        view.advance(at);
      }
    } else if (next == fresh.size()) {
      return false;
    }
    const auto& entry = fresh[next++];
    std::fill_n(k, order::nodes().key_words(), 0);
    std::fill_n(v, order::nodes().value_words(), 0);
    key_element::put(txn, k, 0, key_of(entry));
    if constexpr (is_map) value_element::put(txn, v, 0, entry.second);
    return true;
  });
}

template <ordered_key K, class V>
template <std::ranges::input_range Range>
result<void, write_error> ordered_tree<K, V>::bulk_load(Range&& range) {
  std::vector<value_type> fresh;
  for (auto&& entry : range) {
    if constexpr (is_map) {
      fresh.emplace_back(key_type(entry.first), mapped_type(entry.second));
    } else {
      fresh.emplace_back(entry);
    }
  }
  const auto before = [](const value_type& a, const value_type& b) {
    return order::before(key_of(a), key_of(b));
  };
  if (!std::is_sorted(fresh.begin(), fresh.end(), before)) {
    std::stable_sort(fresh.begin(), fresh.end(), before);
  }
  // Of equal keys the last one counts.
  const auto end = std::unique(fresh.rbegin(), fresh.rend(),
                               [&](const value_type& a, const value_type& b) {
                                 return !before(a, b) && !before(b, a);
                               });
  fresh.erase(fresh.begin(), end.base());
  return change([&](transaction& txn) {
    constexpr std::size_t few = 4;
    if (fresh.size() > few) return merge(txn, fresh);
    for (const auto& entry : fresh)
      add(txn, entry);
  });
}

}  // namespace commy
