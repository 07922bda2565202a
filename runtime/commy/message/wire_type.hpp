// commy/message/wire_type.hpp: what a struct looks like to another process.
#pragma once

#include <commy/message/envelope.hpp>
#include <commy/message/message_id.hpp>
#include <commy/message/type_name.hpp>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

namespace commy {

/// The seam for field types that neither are built in nor described. Specialize
/// with
///
///     static constexpr std::string_view kind;  // their place in the layout
///     static bool accepts(const std::byte* field) noexcept;  // hostile bytes
///
/// The type must be trivially copyable and mean the same in every process. One
/// that is not, such as a loan, says what travels in its place:
///
///     using wire = ...;  // trivially copyable
///
/// and whoever sends and receives turns one into the other; see loan_field.hpp.
template <class T>
struct wire_field;

}  // namespace commy

namespace commy::message::detail {

struct layout_text {
  // 2 KiB are some 60 fields; longer layouts do not compile.
  std::array<char, 2048> bytes{};
  std::size_t size = 0;

  constexpr void add(std::string_view text) {
    for (const char c : text)
      bytes.at(size++) = c;
  }
  constexpr void add(std::size_t number) {
    std::array<char, 20> digits{};
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    while (count > 0)
      bytes.at(size++) = digits[--count];
  }
};

template <class T>
struct std_array : std::false_type {};
template <class T, std::size_t N>
struct std_array<std::array<T, N>> : std::true_type {};

template <class T>
concept custom_field = requires { wire_field<T>::kind; };

template <class T>
concept stand_in_field =
    custom_field<T> && requires { typename wire_field<T>::wire; };

template <class T>
using members =
    boost::describe::describe_members<T, boost::describe::mod_any_access |
                                             boost::describe::mod_inherited>;

template <class T>
concept described =
    std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

struct anything {
  template <class T>
  constexpr operator T() const noexcept;
};

template <class T, class Indices>
struct takes_initializers : std::false_type {};
template <class T, std::size_t... I>
  requires requires { T{(static_cast<void>(I), anything{})...}; }
struct takes_initializers<T, std::index_sequence<I...>> : std::true_type {};

// Arrays of the language are initialized element by element, all else whole.
template <class F>
constexpr std::size_t initializers_of() {
  if constexpr (std::is_array_v<F>) {
    return std::extent_v<F> * initializers_of<std::remove_extent_t<F>>();
  } else {
    return 1;
  }
}

template <class T, class Member>
using field_type =
    std::remove_reference_t<decltype(std::declval<T&>().*Member::pointer)>;

template <class T>
using element_type = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;

constexpr std::size_t round_up(std::size_t n, std::size_t to) {
  return (n + to - 1) / to * to;
}

/// Is a T, or anything in it, something else on the wire?
template <class T>
constexpr bool has_stand_ins() {
  if constexpr (stand_in_field<T>) {
    return true;
  } else if constexpr (std::is_array_v<T> || std_array<T>::value) {
    return has_stand_ins<element_type<T>>();
  } else if constexpr (described<T>) {
    bool any = false;
    boost::mp11::mp_for_each<members<T>>([&](auto member) {
      any = any || has_stand_ins<field_type<T, decltype(member)>>();
    });
    return any;
  } else {
    return false;
  }
}

template <class T, class F>
constexpr std::size_t for_each_field(F f);

template <class T>
constexpr std::size_t wire_align() {
  if constexpr (stand_in_field<T>) {
    return alignof(typename wire_field<T>::wire);
  } else if constexpr (!has_stand_ins<T>()) {
    return alignof(T);
  } else if constexpr (described<T>) {
    std::size_t most = 1;
    boost::mp11::mp_for_each<members<T>>([&](auto member) {
      const auto here = wire_align<field_type<T, decltype(member)>>();
      most = here > most ? here : most;
    });
    return most;
  } else {
    return wire_align<element_type<T>>();
  }
}

/// Bytes of a T on the wire: its size, unless there are stand-ins in it.
template <class T>
constexpr std::size_t wire_size() {
  if constexpr (stand_in_field<T>) {
    return sizeof(typename wire_field<T>::wire);
  } else if constexpr (!has_stand_ins<T>()) {
    return sizeof(T);
  } else if constexpr (described<T>) {
    return for_each_field<T>([](auto...) {});
  } else {
    using element = element_type<T>;
    return sizeof(T) / sizeof(element) * wire_size<element>();
  }
}

/// Calls `f(name, type_identity<Field>, offset)` for each field in order, with
/// its place on the wire. Returns the size there if these were all its fields.
template <class T, class F>
constexpr std::size_t for_each_field(F f) {
  std::size_t offset = 0;
  boost::mp11::mp_for_each<members<T>>([&](auto member) {
    using field = field_type<T, decltype(member)>;
    offset = round_up(offset, wire_align<field>());
    f(std::string_view{decltype(member)::name}, std::type_identity<field>{},
      offset);
    offset += wire_size<field>();
  });
  return round_up(offset, wire_align<T>());
}

/// The size of a T in memory if it has these fields alone.
template <class T>
constexpr std::size_t size_of_fields() {
  std::size_t offset = 0;
  boost::mp11::mp_for_each<members<T>>([&](auto member) {
    using field = field_type<T, decltype(member)>;
    offset = round_up(offset, alignof(field)) + sizeof(field);
  });
  return round_up(offset, alignof(T));
}

template <class T>
constexpr void check_described() {
  static_assert(described<T>,
                "commy: a wire message, and each struct in it, is described: "
                "BOOST_DESCRIBE_STRUCT(name, (), (field, ...))");
  static_assert(std::is_aggregate_v<T> && ((std::is_trivially_copyable_v<T> &&
                                            std::is_standard_layout_v<T>) ||
                                           has_stand_ins<T>()),
                "commy: a wire message, and each struct in it, is a plain "
                "aggregate that can be copied byte by byte, but for its loans");
  if constexpr (described<T> && std::is_aggregate_v<T>) {
    constexpr auto counted = [] {
      std::size_t n = 0;
      for_each_field<T>([&](auto, auto field, auto) {
        n += initializers_of<typename decltype(field)::type>();
      });
      return n;
    }();
    static_assert(std::is_empty_v<T> || size_of_fields<T>() == sizeof(T),
                  "commy: BOOST_DESCRIBE_STRUCT leaves out a field, or a field "
                  "has an alignment of its own");
    static_assert(
        !takes_initializers<T, std::make_index_sequence<counted + 1>>::value,
        "commy: BOOST_DESCRIBE_STRUCT leaves out a field");
  }
}

template <class T>
constexpr void add_kind(layout_text& out) {
  if constexpr (custom_field<T>) {
    out.add(wire_field<T>::kind);
  } else if constexpr (std::is_same_v<T, bool>) {
    out.add("bool");
  } else if constexpr (std::is_same_v<T, char>) {
    out.add("char");
  } else if constexpr (std::is_integral_v<T>) {
    out.add(std::is_signed_v<T> ? "i" : "u");
    out.add(8 * sizeof(T));
  } else if constexpr (std::is_floating_point_v<T>) {
    static_assert(sizeof(T) <= 8, "commy: long double differs by machine");
    out.add("f");
    out.add(8 * sizeof(T));
  } else if constexpr (std::is_enum_v<T>) {
    using number = std::underlying_type_t<T>;
    static_assert(!std::is_convertible_v<T, number>,
                  "commy: a wire message's enums are enum classes, whose every "
                  "bit pattern is a value");
    out.add(type_name<T>());
    out.add(" ");
    add_kind<number>(out);
  } else if constexpr (std::is_array_v<T>) {
    add_kind<std::remove_extent_t<T>>(out);
    out.add("[");
    out.add(std::extent_v<T>);
    out.add("]");
  } else if constexpr (std_array<T>::value) {
    add_kind<typename T::value_type>(out);
    out.add("[");
    out.add(std::tuple_size_v<T>);
    out.add("]");
  } else {
    check_described<T>();
    if constexpr (described<T>) {
      out.add("{");
      for_each_field<T>([&](auto name, auto field, auto offset) {
        if (offset != 0) out.add(", ");
        out.add(name);
        out.add(": ");
        add_kind<typename decltype(field)::type>(out);
        out.add(" @");
        out.add(offset);
      });
      out.add("} ");
      out.add(wire_size<T>());
    }
  }
}

template <class T>
constexpr std::string_view wire_name() {
  if constexpr (requires { T::wire_name; }) {
    return T::wire_name;
  } else {
    constexpr auto name = type_name<T>();
    static_assert(name.find_first_of("<({") == std::string_view::npos,
                  "commy: compilers spell this type differently; give it a "
                  "`static constexpr std::string_view wire_name`");
    return name;
  }
}

template <class T>
constexpr layout_text build_layout() {
  layout_text out;
  out.add(wire_name<T>());
  out.add(" ");
  add_kind<T>(out);
  if constexpr (request<T>) {
    out.add(" -> ");
    if constexpr (std::is_void_v<typename T::reply>) {
      out.add("void");
    } else {
      add_kind<typename T::reply>(out);
    }
  }
  return out;
}

/// The layout's bytes, cut to their length, once per type and program.
template <class T>
struct layout_of {
  static constexpr std::size_t size = build_layout<T>().size;
  static constexpr auto bytes = [] {
    const auto whole = build_layout<T>();
    std::array<char, size> cut{};
    for (std::size_t i = 0; i < size; ++i)
      cut[i] = whole.bytes[i];
    return cut;
  }();
};

template <class T>
bool field_accepts(const std::byte* at) noexcept {
  if constexpr (custom_field<T>) {
    return wire_field<T>::accepts(at);
  } else if constexpr (std::is_same_v<T, bool>) {
    return std::to_integer<unsigned>(*at) <= 1;
  } else if constexpr (std::is_array_v<T> || std_array<T>::value) {
    using element = element_type<T>;
    for (std::size_t i = 0; i < sizeof(T) / sizeof(element); ++i) {
      if (!field_accepts<element>(at + i * wire_size<element>())) return false;
    }
    return true;
  } else if constexpr (described<T>) {
    bool good = true;
    for_each_field<T>([&](auto, auto field, auto offset) {
      good = good && field_accepts<typename decltype(field)::type>(at + offset);
    });
    return good;
  } else {
    return true;
  }
}

}  // namespace commy::message::detail

namespace commy {

/// The layout in words, for people and for the hash:
/// `shop::add {amount: i32 @0} 4 -> i32`.
template <class M>
constexpr std::string_view wire_layout() {
  using layout = message::detail::layout_of<M>;
  return {layout::bytes.data(), layout::size};
}

/// FNV-1a over the layout. 64 bits: among 10^4 kinds of messages the chance
/// of one collision is below 10^-11, and a table refuses equal ids anyway.
template <class M>
constexpr message_id wire_id() {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : wire_layout<M>()) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return message_id{hash};
}

/// Bytes of an M on the wire: sizeof(M), unless it has loans in it, each of
/// which is a handle there.
template <class M>
inline constexpr std::size_t wire_bytes = message::detail::wire_size<M>();

/// Whether there are loans in it.
template <class M>
inline constexpr bool carries_loans = message::detail::has_stand_ins<M>();

/// Whether these `wire_bytes<M>` bytes of another process are an M: each bool 0
/// or
/// 1. All other bit patterns of built-in types and enum classes are values;
/// what they mean is the handler's to check. The caller passes a private copy.
template <class M>
bool wire_accepts(const std::byte* copy) noexcept {
  return message::detail::field_accepts<M>(copy);
}

/// Whether the compiler put every field where the layout says: the layout is
/// computed from sizes and alignments in the order of the description, so this
/// fails when that is not the order of declaration. Tables check it when made.
template <class M>
bool wire_layout_is_real() noexcept {
  alignas(M) std::array<std::byte, sizeof(M)> bytes{};
  auto* const object = ::new (static_cast<void*>(bytes.data())) M{};
  const std::unique_ptr<M, decltype([](M* made) { std::destroy_at(made); })>
      end{object};
  bool real = true;
  std::size_t offset = 0;
  boost::mp11::mp_for_each<message::detail::members<M>>([&](auto member) {
    using field = message::detail::field_type<M, decltype(member)>;
    offset = message::detail::round_up(offset, alignof(field));
    const auto* const at = reinterpret_cast<const std::byte*>(
        std::addressof(object->*decltype(member)::pointer));
    real = real && at == bytes.data() + offset;
    if constexpr (message::detail::described<field>) {
      real = real && wire_layout_is_real<field>();
    }
    offset += sizeof(field);
  });
  return real;
}

/// A struct that may cross a process or plugin line. What is wrong with one
/// that may not is said by the static_asserts behind `wire_layout`.
template <class M>
concept wire_sendable =
    sendable<M> && (std::is_trivially_copyable_v<M> || carries_loans<M>) &&
    std::is_default_constructible_v<M> && alignof(M) <= 8 &&
    wire_bytes<M> <=
        std::size_t{64} * 1024;  // Larger data travels as a loan, not copied.

}  // namespace commy
