// commy/containers/ordered_tree.hpp: what ordered maps and sets have alike.
#pragma once

#include <commy/containers/object_handle.hpp>
#include <commy/containers/ordered_key.hpp>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace commy {

/// Entries in the order of their keys, in a tree; see memory::btree for how it
/// lies in the segment. `V` is void for a set, whose entries are keys; those of
/// a map are pairs. Readers take no lock, and are disturbed only by who changes
/// a node on their way.
template <ordered_key K, class V>
class ordered_tree : public object_handle {
protected:
  static constexpr bool is_map = !std::is_void_v<V>;
  using order = memory::typed_order<K, V>;
  using tree = memory::btree<order>;
  using path = typename tree::path;
  using key_element = memory::element<K>;
  using value_element =
      memory::element<std::conditional_t<is_map, V, std::uint8_t>>;
  static_assert(key_element::bytes <= memory::btree_nodes::key_max,
                "a key has at most 256 bytes");
  static_assert(memory::value_sizes<V>::bytes <= memory::btree_nodes::value_max,
                "a value has at most 1 KiB; keep large data in an object of "
                "its own");
  /// Values are containers: then a copy of an entry is a deep one.
  static constexpr bool deep = nested_container<V>;

public:
  using key_type = typename key_element::out;
  using key_in = typename key_element::in;
  using key_view = typename key_element::view;
  using mapped_type = typename value_element::out;
  /// A copy of an entry, and one seen under a guard.
  using value_type =
      std::conditional_t<is_map, std::pair<key_type, mapped_type>, key_type>;
  using view_type = std::conditional_t<
      is_map, std::pair<key_view, typename value_element::view>, key_view>;

  /// What it is as an element of another container.
  static constexpr std::uint32_t nesting = memory::nesting_of<V> + 1;
  using content_type = std::vector<value_type>;
  class entries;
  using content_view = entries;

  ordered_tree(std::shared_ptr<memory::engine> engine,
               memory::object_place place) noexcept
      : object_handle{std::move(engine), place} {}

  static void initialise(transaction& /*txn*/, memory::root& /*object*/) {}

  [[nodiscard]] result<bool, read_error> contains(key_in key) const {
    auto outcome = find(memory::seek::equal, key,
                        [](const auto*, const auto*) { return true; });
    if (outcome) return true;
    if (outcome.error() == read_error::absent) return false;
    return unexpected{outcome.error()};
  }
  [[nodiscard]] result<std::uint64_t, read_error> size() const;

  /// The first and the last entry; `absent` when there is none. Like all of
  /// the following a copy as of one moment, lock-free, works on a read-only
  /// mapping.
  [[nodiscard]] result<value_type, read_error> front() const {
    return entry_at(memory::seek::first, {});
  }
  [[nodiscard]] result<value_type, read_error> back() const {
    return entry_at(memory::seek::last, {});
  }
  /// The first entry that is not below `key`; `absent` when all are.
  [[nodiscard]] result<value_type, read_error> lower_bound(key_in key) const {
    return entry_at(memory::seek::not_below, key);
  }
  /// The first entry above `key`.
  [[nodiscard]] result<value_type, read_error> upper_bound(key_in key) const {
    return entry_at(memory::seek::above, key);
  }
  /// The last entry below `key`.
  [[nodiscard]] result<value_type, read_error> last_below(key_in key) const {
    return entry_at(memory::seek::below, key);
  }
  /// The last entry that is not above `key`.
  [[nodiscard]] result<value_type, read_error> last_not_above(
      key_in key) const {
    return entry_at(memory::seek::not_above, key);
  }
  /// Copies of all entries, in order.
  [[nodiscard]] result<std::vector<value_type>, read_error> copy() const;

  /// True if there was something to erase.
  result<bool, write_error> erase(key_in key);
  /// Erases the entries from `from` on, below `to`; returns how many.
  result<std::uint64_t, write_error> erase_range(key_in from, key_in to);
  /// Erases the entries that `wanted(view)` is true for; returns how many.
  template <class Wanted>
  result<std::uint64_t, write_error> erase_if(Wanted&& wanted);
  /// Takes the first or the last entry away; nothing when there is none.
  result<std::optional<value_type>, write_error> pop_front() {
    return pop(memory::seek::first);
  }
  result<std::optional<value_type>, write_error> pop_back() {
    return pop(memory::seek::last);
  }
  result<void, write_error> clear();
  /// Moves everything out: a copy of all entries, and none is left.
  result<std::vector<value_type>, write_error> take();
  /// Adds all of a range as one transaction whose payload is not logged; an
  /// entry replaces one of the same key. Quickest when it is sorted by key.
  template <std::ranges::input_range Range>
  result<void, write_error> bulk_load(Range&& range);

  /// All entries in order, both ways, under a read guard that lives as long as
  /// the answer; or those from `from` on, below `to`. Texts are views into the
  /// segment. Writers wait meanwhile, so keep it short.
  [[nodiscard]] result<entries, read_error> read() const;
  [[nodiscard]] result<entries, read_error> read(key_in from, key_in to) const;
  [[nodiscard]] result<entries, read_error> read_from(key_in from) const;
  /// Calls `each(view)` in order, of all entries or of those from `from` on,
  /// below `to`, until it returns false (if it returns anything), under a read
  /// guard.
  template <class Each>
  result<void, read_error> for_each(Each&& each) const;
  template <class Each>
  result<void, read_error> for_each(key_in from, key_in to, Each&& each) const;

  /// Parts of it that other containers use: see memory::element.
  static bool copy_out(const memory::copy_source& from, memory::offset root_at,
                       content_type& into);
  static content_view view_at(memory::read_guard held);
  auto fill(const content_type& content) { return bulk_load(content); }

protected:
  using key_words = std::array<std::uint64_t, order::nodes().key_words()>;
  // Not empty for a set, whose values have no words.
  using value_words =
      std::array<std::uint64_t, order::nodes().value_words() + !is_map>;

  [[nodiscard]] tree at_tree() const noexcept {
    return tree{engine_->img(), root_at_, {}};
  }
  [[nodiscard]] static typename order::key sought(key_in key) { return key; }
  /// Nearly every look is the first and undisturbed; those for a key are made
  /// here.
  template <class Found>
  [[nodiscard, gnu::always_inline]] result<void, read_error> find(
      memory::seek what, key_in key, Found&& found) const {
    if (what == memory::seek::equal && is_plain_look()) [[likely]] {
      const auto outcome =
          at_tree().find_here(generation_, sought(key), found, false);
      if (outcome == memory::lookup::found) return {};
      if (outcome == memory::lookup::absent) {
        return unexpected{read_error::absent};
      }
    }
    return find_again(what, key, found);
  }
  template <class Found>
  [[nodiscard, gnu::noinline]] result<void, read_error> find_again(
      memory::seek what, key_in key, Found& found) const {
    if (!engine_->usable()) return unexpected{read_error::detached};
    const auto view = at_tree();
    return read_with([&](bool own) {
      return view.find(generation_, what, sought(key), found, own);
    });
  }
  /// The same for who copies what the value holds, too.
  template <class Found>
  [[nodiscard, gnu::always_inline]] result<void, read_error> find_deep(
      memory::seek what, key_in key, Found&& found) const {
    if constexpr (deep) {
      return read_at_length(
          [&] {
            return at_tree().find(generation_, what, sought(key), found,
                                  is_own());
          },
          deep);
    } else {
      return find(what, key, found);
    }
  }
  [[nodiscard]] static bool get_value(const memory::copy_source& img,
                                      const std::uint64_t* words,
                                      mapped_type& into) {
    return value_element::get(img, words, 0, into);
  }
  [[nodiscard]] static bool get_entry(const memory::copy_source& img,
                                      const std::uint64_t* keys,
                                      const std::uint64_t* values,
                                      value_type& into) {
    if constexpr (is_map) {
      return key_element::get(img, keys, 0, into.first) &&
             get_value(img, values, into.second);
    } else {
      return key_element::get(img, keys, 0, into);
    }
  }
  [[nodiscard]] static view_type look(const memory::image& img,
                                      const tree& view, const path& at) {
    if constexpr (is_map) {
      return {key_element::look(img, view.key_at(at)),
              value_element::look(img, view.value_at(at))};
    } else {
      return key_element::look(img, view.key_at(at));
    }
  }
  [[nodiscard]] static const auto& key_of(const value_type& entry) {
    if constexpr (is_map) {
      return entry.first;
    } else {
      return entry;
    }
  }
  [[nodiscard]] result<value_type, read_error> entry_at(memory::seek what,
                                                        key_in key) const;
  [[nodiscard]] value_type entry_of(const tree& view, const path& at) const {
    value_type entry{};
    copy_entry(engine_->img(), view, at, entry);
    return entry;
  }
  static void copy_entry(const memory::copy_source& from, const tree& view,
                         const path& at, value_type& into);
  result<std::optional<value_type>, write_error> pop(memory::seek what);
  template <class Gone>
  std::uint64_t erase_all(transaction& txn, Gone&& gone) const;
  void merge(transaction& txn, const std::vector<value_type>& fresh) const;
  void add(transaction& txn, const value_type& entry) const;
  /// Adds an entry, or replaces its value; a set has no value words.
  void put_words(transaction& txn, path& at, key_in key,
                 const std::uint64_t* values) const;
  template <class Each>
  result<void, read_error> each_until(const path& begin, const path* end,
                                      Each&& each) const;
};

}  // namespace commy

#include <commy/containers/detail/ordered_tree_read.hpp>
#include <commy/containers/detail/ordered_tree_write.hpp>
