// commy/platform/windows/wide.hpp: UTF-8, which we speak, and what Windows
// does.
#pragma once

#include <string>
#include <string_view>

namespace commy::platform::detail {

/// Bytes that are no UTF-8 become U+FFFD, which no existing name contains.
std::wstring wide(std::string_view text);
std::string narrow(std::wstring_view text);

/// The value of an environment variable; empty when it is not set.
std::wstring variable(const wchar_t* name);

}  // namespace commy::platform::detail
