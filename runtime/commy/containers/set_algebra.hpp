// commy/containers/set_algebra.hpp: union, intersection, difference of sets.
#pragma once

#include <commy/containers/ordered_key.hpp>
#include <commy/containers/transact.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

namespace commy {
namespace memory {

/// The order of keys in private copies, the same as in a tree.
template <class Key>
struct layout_less {
  using is_transparent = void;
  using stored =
      std::conditional_t<std::is_same_v<Key, std::string>, shared_string, Key>;
  template <class A, class B>
  [[nodiscard]] bool operator()(const A& a, const B& b) const noexcept {
    return typed_order<stored, void>::before(a, b);
  }
};

template <class Key>
using private_set = std::set<Key, layout_less<Key>>;

/// A reader's reason, said to a writer.
[[nodiscard]] inline write_error as_write_error(read_error why) noexcept {
  switch (why) {
    case read_error::busy:
    case read_error::writer_dead:
      return write_error::lock_timeout;
    case read_error::removed:
      return write_error::removed;
    case read_error::detached:
      return write_error::detached;
    default:
      return write_error::damaged;
  }
}

/// Runs `apply()` in one transaction over both sets; by itself inside an open
/// transaction, or when the other set lies in another segment.
template <class Set, class Other, class Apply>
std::invoke_result_t<Apply&> over_both(Set& changed, const Other& other,
                                       Apply&& apply) {
  auto& owner = *changed.engine();
  if (changed.engine() != other.engine() || !owner.writable() ||
      owner.open_transaction() != nullptr) {
    return apply();
  }
  auto done = transact(changed, other, [&](transaction&) { return apply(); });
  if (!done) return unexpected{done.error()};
  return *done;
}

template <class Set, class Other>
result<void, write_error> unite_sets(Set& changed, const Other& other) {
  return over_both(changed, other, [&]() -> result<void, write_error> {
    const auto keys = other.copy();
    if (!keys) return unexpected{as_write_error(keys.error().code())};
    return changed.bulk_load(*keys);
  });
}

/// Erases what is in `other`, or what is not.
template <class Set, class Other>
result<std::uint64_t, write_error> filter_set(Set& changed, const Other& other,
                                              bool keep_common) {
  using answer = result<std::uint64_t, write_error>;
  return over_both(changed, other, [&]() -> answer {
    const auto copied = other.copy();
    if (!copied) return unexpected{as_write_error(copied.error().code())};
    const private_set<typename Set::key_type> keys(copied->begin(),
                                                   copied->end());
    return changed.erase_if(
        [&](const auto& key) { return keys.contains(key) != keep_common; });
  });
}

/// Keys of both, sorted. Under the guards of both, taken in the order in which
/// writers lock, so that nobody waits in a circle.
template <class A, class B, class Combine>
auto combine_sets(const A& a, const B& b, Combine&& combine)
    -> result<std::invoke_result_t<Combine&, std::vector<typename A::key_type>&,
                                   std::vector<typename A::key_type>&>,
              read_error> {
  using keys = std::vector<typename A::key_type>;
  static_assert(std::is_same_v<keys, std::vector<typename B::key_type>>,
                "sets of the same keys");
  std::optional<result<typename A::entries, read_error>> held_a;
  std::optional<result<typename B::entries, read_error>> held_b;
  if (a.engine()->writable() && b.engine()->writable()) {
    const bool a_first = a.lock_place().root < b.lock_place().root;
    if (a_first) held_a.emplace(a.read());
    held_b.emplace(b.read());
    if (!a_first) held_a.emplace(a.read());
    if (!*held_a) return unexpected{held_a->error()};
    if (!*held_b) return unexpected{held_b->error()};
  }
  result<keys, read_error> of_a = a.copy();
  if (!of_a) return unexpected{of_a.error()};
  result<keys, read_error> of_b = b.copy();
  if (!of_b) return unexpected{of_b.error()};
  const layout_less<typename A::key_type> less;
  std::sort(of_a->begin(), of_a->end(), less);
  std::sort(of_b->begin(), of_b->end(), less);
  return combine(*of_a, *of_b);
}

}  // namespace memory

/// Keys in one of two sets or in both, as a sorted private copy. The sets may
/// be of either kind. As of one moment, unless a mapping is read-only, in which
/// no guard can be held.
template <class A, class B>
auto set_union(const A& a, const B& b) {
  return memory::combine_sets(a, b, [](const auto& x, const auto& y) {
    std::remove_cvref_t<decltype(x)> all;
    std::set_union(x.begin(), x.end(), y.begin(), y.end(),
                   std::back_inserter(all),
                   memory::layout_less<typename A::key_type>{});
    return all;
  });
}
/// Keys in both.
template <class A, class B>
auto set_intersection(const A& a, const B& b) {
  return memory::combine_sets(a, b, [](const auto& x, const auto& y) {
    std::remove_cvref_t<decltype(x)> all;
    std::set_intersection(x.begin(), x.end(), y.begin(), y.end(),
                          std::back_inserter(all),
                          memory::layout_less<typename A::key_type>{});
    return all;
  });
}
/// Keys in the first and not in the second.
template <class A, class B>
auto set_difference(const A& a, const B& b) {
  return memory::combine_sets(a, b, [](const auto& x, const auto& y) {
    std::remove_cvref_t<decltype(x)> all;
    std::set_difference(x.begin(), x.end(), y.begin(), y.end(),
                        std::back_inserter(all),
                        memory::layout_less<typename A::key_type>{});
    return all;
  });
}
/// True if every key of `a` is in `b`.
template <class A, class B>
[[nodiscard]] result<bool, read_error> is_subset(const A& a, const B& b) {
  return memory::combine_sets(a, b, [](const auto& x, const auto& y) {
    return std::includes(y.begin(), y.end(), x.begin(), x.end(),
                         memory::layout_less<typename A::key_type>{});
  });
}
/// True if no key is in both.
template <class A, class B>
[[nodiscard]] result<bool, read_error> is_disjoint(const A& a, const B& b) {
  const auto common = set_intersection(a, b);
  if (!common) return unexpected{common.error()};
  return common->empty();
}

}  // namespace commy
