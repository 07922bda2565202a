// commy/message/type_name.hpp: the name of a type as its author wrote it.
#pragma once

#include <string_view>

namespace commy::message {
namespace detail {

// Returns auto, so that the signature mentions no type but T.
template <class T>
constexpr auto signature() {
  return std::string_view{__PRETTY_FUNCTION__};
}

}  // namespace detail

/// "shop::add" for a struct `add` in namespace `shop`. gcc and clang agree for
/// named classes outside templates and unnamed namespaces; elsewhere the name
/// serves people only. Lives as long as the program. Cost: none at run time.
template <class T>
constexpr std::string_view type_name() {
  constexpr auto text = detail::signature<T>();
  constexpr std::string_view mark = "T = ";
  constexpr auto begin = text.find(mark) + mark.size();
  constexpr auto end = text.rfind(']');
  static_assert(begin < end && end != std::string_view::npos);
  return text.substr(begin, end - begin);
}

}  // namespace commy::message
