// commy/containers/element.hpp: how C++ values become shared words and back.
#pragma once

#include <commy/memory/hash_table.hpp>
#include <commy/memory/text_cell.hpp>
#include <commy/memory/type_text.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace commy {

/// What may be the key of a shared map: integers, enums, bools, texts. Hash
/// and equality are part of the layout, alike in every process.
template <class T>
concept shared_key = std::is_integral_v<T> || std::is_enum_v<T> ||
                     std::is_same_v<T, shared_string>;

/// What may be a value or element: texts, and plain types without pointers
/// (see memory::plain; structs need BOOST_DESCRIBE_STRUCT).
template <class T>
concept shared_value = std::is_same_v<T, shared_string> || memory::plain<T>;

namespace memory {

/// The faces of a type: `in` is what callers pass, `out` what they get as a
/// copy, `view` what they see under a guard, valid as long as the guard.
template <class T>
struct element {
  using in = const T&;
  using out = T;
  using view = T;
  /// What lies in the segment. Any bit pattern but two in a bool is undefined
  /// behaviour, and what others wrote is input: so a bool is a byte there.
  using stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
  static constexpr bool is_text = false;
  static constexpr std::uint32_t bytes = sizeof(T);
  static constexpr std::uint32_t align = alignof(T) < 8 ? alignof(T) : 8;

  /// The value's bytes at `byte` of `words`.
  static void put(transaction& /*txn*/, std::uint64_t* words,
                  std::uint32_t byte, in value) {
    std::memcpy(reinterpret_cast<std::byte*>(words) + byte, &value, sizeof(T));
  }
  /// False when the copied words make no sense.
  static bool get(const image& /*img*/, const std::uint64_t* words,
                  std::uint32_t byte, out& into) {
    if constexpr (std::is_same_v<T, bool>) {
      // Any other bit pattern in a bool is undefined behaviour: it is input.
      into = (reinterpret_cast<const unsigned char*>(words)[byte] & 1U) != 0;
    } else {
      std::memcpy(static_cast<void*>(&into),
                  reinterpret_cast<const std::byte*>(words) + byte, sizeof(T));
    }
    return true;
  }
  /// What lies at `at` in the segment, for who keeps writers off.
  static view look(const image& img, offset at) {
    stored cell;
    std::memcpy(static_cast<void*>(&cell), img.bytes(at), sizeof(T));
    return look(img, cell);
  }

  /// What lies at `byte` of words that outlive the view.
  static view look(const image& img, const std::uint64_t* words,
                   std::uint32_t byte) {
    stored cell;
    std::memcpy(static_cast<void*>(&cell),
                reinterpret_cast<const std::byte*>(words) + byte, sizeof(T));
    return look(img, cell);
  }

  /// The same for one stored value: making, copying, seeing, giving back.
  static stored store(transaction& /*txn*/, in value) { return value; }
  static bool load(const image& img, const stored& cell, out& into) {
    into = look(img, cell);
    return true;
  }
  static view look(const image& /*img*/, const stored& cell) {
    if constexpr (std::is_same_v<T, bool>) {
      return (cell & 1U) != 0;
    } else {
      return cell;
    }
  }
  static void drop(transaction& /*txn*/, const stored& /*cell*/) {}
};

template <>
struct element<shared_string> {
  using in = std::string_view;
  using out = std::string;
  using view = std::string_view;
  using stored = text_cell;
  static constexpr bool is_text = true;
  static constexpr std::uint32_t bytes = 16;
  static constexpr std::uint32_t align = 8;

  static void put(transaction& txn, std::uint64_t* words, std::uint32_t byte,
                  in value) {
    const auto cell = make_text(txn, value);
    std::memcpy(reinterpret_cast<std::byte*>(words) + byte, cell.words.data(),
                16);
  }
  static bool get(const image& img, const std::uint64_t* words,
                  std::uint32_t byte, out& into) {
    text_cell cell;
    std::memcpy(cell.words.data(),
                reinterpret_cast<const std::byte*>(words) + byte, 16);
    if (!cell.sound(img)) return false;
    copy_text(img, cell, into);
    return true;
  }
  static view look(const image& img, offset at) {
    return look(img, *reinterpret_cast<const text_cell*>(img.bytes(at)));
  }
  static view look(const image& img, const std::uint64_t* words,
                   std::uint32_t byte) {
    return look(img, *reinterpret_cast<const text_cell*>(
                         reinterpret_cast<const std::byte*>(words) + byte));
  }

  static stored store(transaction& txn, in value) {
    return make_text(txn, value);
  }
  static bool load(const image& img, const stored& cell, out& into) {
    if (!cell.sound(img)) return false;
    copy_text(img, cell, into);
    return true;
  }
  /// `cell` must outlive the view, which may lie inside it.
  static view look(const image& img, const stored& cell) {
    return cell.sound(img) ? view_text(img, cell) : view{};
  }
  static void drop(transaction& txn, const stored& cell) {
    drop_text(txn, cell);
  }
};

/// A key as the table knows it.
template <class K>
[[nodiscard]] table_key as_key(typename element<K>::in key) noexcept {
  if constexpr (element<K>::is_text) {
    return {0, key};
  } else {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &key, sizeof(K));
    return {bits, {}};
  }
}

}  // namespace memory
}  // namespace commy
