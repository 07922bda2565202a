// commy/memory/type_text.hpp: what a C++ type looks like, as a line of text.
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace commy {

/// Marks a text as key, value or element type of a shared container.
class shared_string;

namespace memory {

/// The descriptor of a type is a line that people can read and programs parse:
///
///     i8 .. i64, u8 .. u64, f32, f64, bool, text (a shared string)
///     chars[24]                       array of char: text up to its first NUL
///     [8 x f64]                       array
///     {cpu f64@0, name chars[24]@8}:32   struct: fields at offsets, size
///
/// Names of structs are left out, so that renaming breaks nobody; names of
/// fields are in. Two types are the same if their lines are. The grammar is
/// part of the layout version.
template <class T>
struct type_of;

template <class T>
concept described =
    boost::describe::has_describe_members<T>::value && std::is_class_v<T>;

template <class T>
using fields_of =
    boost::describe::describe_members<T, boost::describe::mod_any_access |
                                             boost::describe::mod_inherited>;

/// Bytes that the described fields and natural padding take.
template <class T>
[[nodiscard]] consteval std::size_t described_bytes() {
  std::size_t at = 0;
  std::size_t widest = 1;
  boost::mp11::mp_for_each<fields_of<T>>([&](auto field) {
    using type =
        std::remove_reference_t<decltype(std::declval<T>().*field.pointer)>;
    at =
        (at + alignof(type) - 1) / alignof(type) * alignof(type) + sizeof(type);
    widest = widest < alignof(type) ? alignof(type) : widest;
  });
  return (at + widest - 1) / widest * widest;
}

/// Types that may lie in a segment as they are: trivially copyable, no
/// pointers, and every field described.
template <class T>
concept plain =
    std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> &&
    !std::is_pointer_v<T> && !std::is_member_pointer_v<T> &&
    (std::is_arithmetic_v<T> || std::is_enum_v<T> || described<T> ||
     std::is_array_v<T> || requires {
       typename T::value_type;
       std::tuple_size<T>::value;
     });

template <class T>
  requires std::is_arithmetic_v<T>
struct type_of<T> {
  static void append(std::string& line) {
    if constexpr (std::is_same_v<T, bool>) {
      line += "bool";
    } else if constexpr (std::is_floating_point_v<T>) {
      static_assert(sizeof(T) <= 8, "long double differs between machines");
      line += sizeof(T) == 4 ? "f32" : "f64";
    } else {
      line += std::is_signed_v<T> ? 'i' : 'u';
      line += std::to_string(8 * sizeof(T));
    }
  }
};

template <class T>
  requires std::is_enum_v<T>
struct type_of<T> : type_of<std::underlying_type_t<T>> {};

template <>
struct type_of<shared_string> {
  static void append(std::string& line) { line += "text"; }
};

template <class T, std::size_t N>
struct type_of<T[N]> {
  static void append(std::string& line) {
    if constexpr (std::is_same_v<T, char>) {
      line += "chars[" + std::to_string(N) + "]";
    } else {
      line += "[" + std::to_string(N) + " x ";
      type_of<T>::append(line);
      line += "]";
    }
  }
};

template <class T, std::size_t N>
struct type_of<std::array<T, N>> : type_of<T[N]> {};

template <described T>
struct type_of<T> {
  static_assert(described_bytes<T>() == sizeof(T),
                "a field is missing from BOOST_DESCRIBE_STRUCT, or the fields "
                "are described in another order than they are declared");

  static void append(std::string& line) {
    line += '{';
    const char* separator = "";
    boost::mp11::mp_for_each<fields_of<T>>([&](auto field) {
      using type =
          std::remove_reference_t<decltype(std::declval<T>().*field.pointer)>;
      static const T sample{};
      const auto at = reinterpret_cast<const std::byte*>(
                          std::addressof(sample.*field.pointer)) -
                      reinterpret_cast<const std::byte*>(&sample);
      line += separator;
      line += field.name;
      line += ' ';
      type_of<type>::append(line);
      line += '@' + std::to_string(at);
      separator = ", ";
    });
    line += "}:" + std::to_string(sizeof(T));
  }
};

/// The whole line for one type.
template <class T>
[[nodiscard]] std::string type_line() {
  std::string line;
  type_of<T>::append(line);
  return line;
}

/// Where two descriptors part, for an error: "... {cpu f64@0, <here>".
/// Both sides, 60 bytes from a little before the first difference.
[[nodiscard]] std::string type_difference(std::string_view wanted,
                                          std::string_view found);

}  // namespace memory
}  // namespace commy
