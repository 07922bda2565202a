// commy/containers/ordered_key.hpp: how C++ keys order in a tree.
#pragma once

#include <commy/containers/nested_element.hpp>
#include <commy/memory/btree.hpp>
#include <commy/memory/key_order.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace commy {

/// What may be the key of an ordered map or set: integers, enums, bools,
/// floating point, texts, and plain structs and arrays of these, which order by
/// field (see memory::key_order.hpp). The order is part of the layout.
template <class T>
concept ordered_key = shared_value<T>;

namespace memory {

/// Sizes of values; a set has none.
template <class V>
struct value_sizes {
  static constexpr std::uint32_t bytes = element<V>::bytes;
  static constexpr bool is_text = element<V>::is_text;
  static constexpr bool is_nested = nested_container<V>;
};
template <>
struct value_sizes<void> {
  static constexpr std::uint32_t bytes = 0;
  static constexpr bool is_text = false;
  static constexpr bool is_nested = false;
};

/// The shortest text that is above `left` and not above `right`, as two words.
/// Requires: `left` is below `right`.
inline void separate_texts(transaction& txn, const std::uint64_t* left,
                           const std::uint64_t* right, std::uint64_t* into) {
  const auto text_of = [&](const std::uint64_t* words) {
    const text_cell cell{{words[0], words[1]}};
    if (!cell.sound(txn.img())) throw write_failed{write_error::damaged};
    std::string text;
    copy_text(txn.img(), cell, text);
    return text;
  };
  const auto low = text_of(left);
  const auto high = text_of(right);
  const auto [a, b] =
      std::mismatch(low.begin(), low.end(), high.begin(), high.end());
  static_cast<void>(a);
  const auto common = static_cast<std::size_t>(b - high.begin());
  const auto cell =
      make_text(txn, std::string_view{high}.substr(0, common + 1));
  into[0] = cell.words[0];
  into[1] = cell.words[1];
}

/// A tree's `Order` for keys `K` and values `V` (void for a set).
template <class K, class V>
struct typed_order {
  static constexpr bool is_word = scalar<K>;
  static constexpr bool is_text = element<K>::is_text;
  using key = std::conditional_t<is_text, std::string_view, K>;

  static constexpr btree_nodes shape =
      btree_nodes::of(element<K>::bytes, value_sizes<V>::bytes, is_text,
                      value_sizes<V>::is_text, value_sizes<V>::is_nested);
  [[nodiscard]] static constexpr const btree_nodes& nodes() noexcept {
    return shape;
  }
  [[nodiscard]] static std::uint64_t rank(std::uint64_t word) noexcept
    requires(is_word)
  {
    return scalar_rank(std::is_same_v<K, bool> ? word & 1U : word, kind_of<K>,
                       sizeof(K));
  }
  [[nodiscard]] static std::uint64_t rank_of(const key& sought) noexcept
    requires(is_word)
  {
    return rank_of_scalar(sought);
  }
  [[nodiscard]] static int compare(const image& img, const std::uint64_t* words,
                                   const key& sought, bool& sound) noexcept {
    if constexpr (is_text) {
      const text_cell cell{{words[0], words[1]}};
      sound = sound && cell.sound(img);
      return sound ? compare_text(img, cell, sought) : 0;
    } else if constexpr (is_word) {
      const auto here = rank(words[0]);
      const auto wanted = rank_of(sought);
      return here < wanted ? -1 : here > wanted ? 1 : 0;
    } else {
      K stored;
      std::memcpy(static_cast<void*>(&stored), words, sizeof(K));
      return compare_plain(stored, sought);
    }
  }
  static void separator(transaction& txn, const std::uint64_t* left,
                        const std::uint64_t* right, std::uint64_t* into) {
    if constexpr (is_text) {
      separate_texts(txn, left, right, into);
    } else {
      std::copy_n(right, nodes().key_words(), into);
    }
  }
  /// The order of two keys in private memory.
  template <class A, class B>
  [[nodiscard]] static bool before(const A& a, const B& b) noexcept {
    if constexpr (is_text) {
      return std::string_view{a}.compare(std::string_view{b}) < 0;
    } else {
      return compare_plain<K>(a, b) < 0;
    }
  }
};

}  // namespace memory
}  // namespace commy
