#include <commy/platform/windows/wide.hpp>

#include <windows.h>

namespace commy::platform::detail {

std::wstring wide(std::string_view text) {
  const int size = static_cast<int>(text.size());
  const int needed =
      ::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0);
  std::wstring made(static_cast<std::size_t>(needed), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, made.data(), needed);
  return made;
}

std::string narrow(std::wstring_view text) {
  const int size = static_cast<int>(text.size());
  const int needed = ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size,
                                           nullptr, 0, nullptr, nullptr);
  std::string made(static_cast<std::size_t>(needed), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, made.data(), needed,
                        nullptr, nullptr);
  return made;
}

std::wstring variable(const wchar_t* name) {
  const DWORD needed = ::GetEnvironmentVariableW(name, nullptr, 0);
  if (needed == 0) return {};
  std::wstring value(needed, L'\0');
  value.resize(::GetEnvironmentVariableW(name, value.data(), needed));
  return value;
}

}  // namespace commy::platform::detail
