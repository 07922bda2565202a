// commy/containers/unordered_table.hpp: what hash maps and sets have alike.
#pragma once

#include <commy/containers/element.hpp>
#include <commy/containers/nested_element.hpp>
#include <commy/containers/object_handle.hpp>
#include <commy/memory/hash_table.hpp>

#include <iterator>
#include <ranges>
#include <unordered_map>
#include <utility>
#include <vector>

namespace commy {

/// Entries without order, found in constant time; see memory::hash_table for
/// how they lie in the segment. `V` is void for a set, whose entries are keys;
/// those of a map are pairs. Readers take no lock, and a growing table does not
/// stall them.
template <shared_key K, class V>
class unordered_table : public object_handle {
protected:
  static constexpr bool is_map = !std::is_void_v<V>;
  using key_element = memory::element<K>;
  using value_element =
      memory::element<std::conditional_t<is_map, V, std::uint8_t>>;
  struct slots {
    // Worked out once, by the compiler.
    static constexpr memory::hash_slots shape = memory::hash_slots::of(
        key_element::bytes, is_map ? value_element::bytes : 0,
        is_map ? value_element::align : 1, key_element::is_text,
        is_map&& value_element::is_text, nested_container<V>);
    [[nodiscard]] static constexpr const memory::hash_slots& get() noexcept {
      return shape;
    }
  };
  static_assert(slots::get().stride <= memory::hash_slots::stride_max,
                "key and value together have at most 1 KiB; keep large data in "
                "an object of its own");
  using table = memory::hash_table<slots>;

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

  unordered_table(std::shared_ptr<memory::engine> engine,
                  memory::object_place place) noexcept
      : object_handle{std::move(engine), place} {}

  static void initialise(transaction& /*txn*/, memory::root& object) {
    object.shape[2].store(platform::random_u64(), std::memory_order_relaxed);
  }

  [[nodiscard]] result<bool, read_error> contains(key_in key) const {
    auto outcome = find(key, [](const std::uint64_t*) { return true; });
    if (outcome) return true;
    if (outcome.error() == read_error::absent) return false;
    return unexpected{outcome.error()};
  }
  [[nodiscard]] result<std::uint64_t, read_error> size() const {
    std::uint64_t count = 0;
    auto outcome = read_whole([&] {
      count = at_table().size();
      return memory::lookup::found;
    });
    if (!outcome) return unexpected{outcome.error()};
    return count;
  }
  /// Copies of all entries, in no order, as of one moment.
  [[nodiscard]] result<std::vector<value_type>, read_error> copy() const;

  /// True if there was something to erase.
  result<bool, write_error> erase(key_in key) {
    return change_at(key, [&](transaction& txn) {
      auto view = at_table();
      const auto place = view.locate(memory::as_key<K>(key));
      if (place.group == 0) return false;
      view.erase(txn, place);
      return true;
    });
  }
  /// Erases the entries that `wanted(view)` is true for; returns how many.
  template <class Wanted>
  result<std::uint64_t, write_error> erase_if(Wanted&& wanted);
  result<void, write_error> clear() {
    return change([&](transaction& txn) { at_table().clear(txn); });
  }
  /// Moves everything out: a copy of all entries, and none is left.
  result<std::vector<value_type>, write_error> take();
  /// Adds all of a range as one transaction whose payload is not logged; an
  /// entry replaces one of the same key, of equal ones in the range the last
  /// counts.
  template <std::ranges::input_range Range>
  result<void, write_error> bulk_load(Range&& range);
  /// Makes room for `count` entries, so that inserting them moves nothing.
  result<void, write_error> reserve(std::uint64_t count) {
    return change([&](transaction& txn) {
      txn.touch(root().sequence);
      at_table().reserve(txn, count);
    });
  }

  /// All entries, in no order, under a read guard that lives as long as the
  /// answer: `for (auto [key, value] : map.read().value()) ...`. Texts are
  /// views into the segment. Writers wait meanwhile, so keep it short.
  [[nodiscard]] result<entries, read_error> read() const {
    auto held = guard();
    if (!held) return unexpected{held.error()};
    return entries{std::move(*held)};
  }
  /// Calls `each(view)` for each entry until it returns false (if it returns
  /// anything), under a read guard.
  template <class Each>
  result<void, read_error> for_each(Each&& each) const;

  /// Parts of it that other containers use: see memory::element.
  static bool copy_out(const memory::copy_source& from, memory::offset root_at,
                       content_type& into);
  static content_view view_at(memory::read_guard held) {
    return entries{std::move(held)};
  }
  auto fill(const content_type& content) { return bulk_load(content); }

protected:
  static constexpr std::uint32_t stride_words = slots::get().stride_words();
  using slot_words = std::array<std::uint64_t, stride_words>;

  [[nodiscard]] table at_table() const noexcept {
    return table{engine_->img(), root_at_, {}};
  }
  /// A change of one entry, which is fetched while the lock is being taken.
  template <class Change>
  [[gnu::always_inline]] auto change_at(key_in key, Change&& edit) const {
    if (engine_->usable()) at_table().prefetch(memory::as_key<K>(key));
    return change(std::forward<Change>(edit));
  }
  /// Nearly every look is the first and undisturbed, and is made here.
  template <class Found>
  [[nodiscard, gnu::always_inline]] result<void, read_error> find(
      key_in key, Found&& found) const {
    if (is_plain_look()) [[likely]] {
      const auto outcome = at_table().find_here(
          generation_, memory::as_key<K>(key), found, false);
      if (outcome == memory::lookup::found) return {};
      if (outcome == memory::lookup::absent) {
        return unexpected{read_error::absent};
      }
    }
    return find_again(key, found);
  }
  template <class Found>
  [[nodiscard, gnu::noinline]] result<void, read_error> find_again(
      key_in key, Found& found) const {
    if (!engine_->usable()) return unexpected{read_error::detached};
    const auto view = at_table();
    return read_with([&](bool own) {
      return view.find(generation_, memory::as_key<K>(key), found, own);
    });
  }
  /// The same for who copies what the value holds, too.
  template <class Found>
  [[nodiscard, gnu::always_inline]] result<void, read_error> find_deep(
      key_in key, Found&& found) const {
    if constexpr (deep) {
      return read_at_length(
          [&] {
            return at_table().find(generation_, memory::as_key<K>(key), found,
                                   is_own());
          },
          deep);
    } else {
      return find(key, found);
    }
  }
  [[nodiscard]] static bool get_value(const memory::copy_source& img,
                                      const std::uint64_t* words,
                                      mapped_type& into) {
    return value_element::get(img, words, slots::get().value_at, into);
  }
  [[nodiscard]] static bool get_entry(const memory::copy_source& img,
                                      const std::uint64_t* words,
                                      value_type& into) {
    if constexpr (is_map) {
      return key_element::get(img, words, 0, into.first) &&
             get_value(img, words, into.second);
    } else {
      return key_element::get(img, words, 0, into);
    }
  }
  /// The entry in a slot's words, of which views may be part.
  [[nodiscard]] static view_type look(const memory::image& img,
                                      const std::uint64_t* words) {
    if constexpr (is_map) {
      return {key_element::look(img, words, 0),
              value_element::look(img, words, slots::get().value_at)};
    } else {
      return key_element::look(img, words, 0);
    }
  }
  [[gnu::always_inline]] void put(transaction& txn,
                                  const typename table::place& place,
                                  key_in key,
                                  typename value_element::in value) const {
    slot_words words{};
    auto view = at_table();
    if (place.group != 0) {
      view.load_slot(place, words.data());
      value_element::put(txn, words.data(), slots::get().value_at, value);
      view.replace_value(txn, place, words.data());
    } else {
      fill(txn, words.data(), key, value);
      view.insert(txn, memory::as_key<K>(key), place, words.data());
    }
  }
  static void fill(transaction& txn, std::uint64_t* words, key_in key,
                   typename value_element::in value) {
    key_element::put(txn, words, 0, key);
    if constexpr (is_map) {
      value_element::put(txn, words, slots::get().value_at, value);
    }
  }
};

}  // namespace commy

#include <commy/containers/detail/unordered_table.hpp>
