// commy/memory/key_order.hpp: the order that is part of the layout version.
#pragma once

#include <commy/memory/type_text.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace commy::memory {

/// What scalars are made of, as far as their order goes.
enum class scalar_kind : std::uint8_t { unsigned_bits, signed_bits, real };

/// An unsigned integer that orders like the scalar whose bits, zero-extended,
/// are `bits`. Of floating point this is IEEE 754's total order: -0 comes
/// before +0, and a NaN before or behind all numbers, by its sign.
[[nodiscard]] constexpr std::uint64_t scalar_rank(
    std::uint64_t bits, scalar_kind kind, std::uint32_t bytes) noexcept {
  const auto sign = std::uint64_t{1} << (8 * bytes - 1);
  switch (kind) {
    case scalar_kind::unsigned_bits:
      return bits;
    case scalar_kind::signed_bits:
      return bits ^ sign;
    case scalar_kind::real:
      return (bits & sign) != 0 ? ~bits & (sign | (sign - 1)) : bits | sign;
  }
  return bits;
}

template <class T>
concept scalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <scalar T>
[[nodiscard]] consteval bool is_signed_scalar() noexcept {
  if constexpr (std::is_enum_v<T>) {
    return std::is_signed_v<std::underlying_type_t<T>>;
  } else {
    return std::is_signed_v<T>;
  }
}
template <scalar T>
inline constexpr scalar_kind kind_of =
    std::is_floating_point_v<T> ? scalar_kind::real
    : is_signed_scalar<T>()     ? scalar_kind::signed_bits
                                : scalar_kind::unsigned_bits;

template <scalar T>
[[nodiscard]] std::uint64_t rank_of_scalar(const T& value) noexcept {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  // Of a bool only the lowest bit counts: what others wrote is input.
  if constexpr (std::is_same_v<T, bool>) bits &= 1U;
  return scalar_rank(bits, kind_of<T>, sizeof(T));
}

/// Below 0, 0 or above 0. Structs by their fields, in the order of their
/// description; arrays by their elements; arrays of char by unsigned bytes, all
/// of them. Alike in every compiler, whatever its `char` is, and in the dynamic
/// face: so a type's own operators are not asked. Source: the same rules as
/// the descriptor's, see type_text.hpp.
template <class T>
[[nodiscard]] int compare_plain(const T& a, const T& b) noexcept {
  if constexpr (scalar<T>) {
    const auto x = rank_of_scalar(a);
    const auto y = rank_of_scalar(b);
    return x < y ? -1 : x > y ? 1 : 0;
  } else if constexpr (described<T>) {
    int order = 0;
    boost::mp11::mp_for_each<fields_of<T>>([&](auto field) {
      if (order == 0) order = compare_plain(a.*field.pointer, b.*field.pointer);
    });
    return order;
  } else {
    using item = std::remove_cvref_t<decltype(a[0])>;
    if constexpr (std::is_same_v<item, char>) {
      return std::memcmp(&a, &b, sizeof(T));
    } else {
      for (std::size_t i = 0; i < sizeof(T) / sizeof(item); ++i) {
        const auto order = compare_plain(a[i], b[i]);
        if (order != 0) return order;
      }
      return 0;
    }
  }
}

}  // namespace commy::memory
