// commy/message/loan_field.hpp: handles as fields of messages.
#pragma once

#include <commy/memory/loan_handle.hpp>
#include <commy/message/wire_type.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace commy {

/// In a layout a handle is a `handle`. Any bits may be one: whether it names
/// something is found out by who adopts it.
template <>
struct wire_field<loan_handle> {
  static constexpr std::string_view kind = "handle";
  static bool accepts(const std::byte* /*field*/) noexcept { return true; }
};

namespace message {
namespace detail {

/// Calls `each(place)` for every handle in a T at `place`, in order.
template <class T, class Each>
constexpr void for_each_handle(std::size_t place, Each&& each) {
  if constexpr (std::is_same_v<T, loan_handle>) {
    each(place);
  } else if constexpr (std::is_array_v<T> || std_array<T>::value) {
    using element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;
    for (std::size_t i = 0; i < sizeof(T) / sizeof(element); ++i) {
      for_each_handle<element>(place + i * sizeof(element), each);
    }
  } else if constexpr (described<T>) {
    for_each_field<T>([&](auto, auto field, auto offset) {
      for_each_handle<typename decltype(field)::type>(place + offset, each);
    });
  }
}

template <class M>
constexpr std::size_t count_handles() {
  std::size_t count = 0;
  for_each_handle<M>(0, [&](std::size_t) { ++count; });
  return count;
}

}  // namespace detail

/// How many handles a message of type M has.
template <class M>
inline constexpr std::size_t handle_count = detail::count_handles<M>();

/// Where they lie, in bytes from its beginning, in the order of its fields.
template <class M>
inline constexpr auto handle_places = [] {
  std::array<std::uint32_t, handle_count<M>> places{};
  std::size_t next = 0;
  detail::for_each_handle<M>(0, [&](std::size_t place) {
    places[next++] = static_cast<std::uint32_t>(place);
  });
  return places;
}();

}  // namespace message
}  // namespace commy
