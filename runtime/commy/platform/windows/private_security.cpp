#include <commy/platform/windows/handle.hpp>
#include <commy/platform/windows/private_security.hpp>

#include <sddl.h>
#include <windows.h>

#include <array>
#include <string>

namespace commy::platform::detail {
namespace {

/// "S-1-5-21-…" of the user we run as; empty when unknown.
std::wstring own_sid() {
  HANDLE token = nullptr;
  if (!::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &token)) {
    return {};
  }
  const unique_handle owner{token};
  alignas(TOKEN_USER)
      std::array<std::byte, sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE>
          bytes;
  DWORD size = 0;
  wchar_t* text = nullptr;
  if (!::GetTokenInformation(token, TokenUser, bytes.data(),
                             static_cast<DWORD>(bytes.size()), &size) ||
      !::ConvertSidToStringSidW(
          reinterpret_cast<TOKEN_USER*>(bytes.data())->User.Sid, &text)) {
    return {};
  }
  std::wstring sid{text};
  ::LocalFree(text);
  return sid;
}

}  // namespace

private_security::private_security() {
  attributes_.nLength = sizeof attributes_;
  const auto sid = own_sid();
  if (sid.empty()) return;
  const auto rights =
      L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + sid + L")";
  ::ConvertStringSecurityDescriptorToSecurityDescriptorW(
      rights.c_str(), SDDL_REVISION_1, &attributes_.lpSecurityDescriptor,
      nullptr);
}

private_security::~private_security() {
  ::LocalFree(attributes_.lpSecurityDescriptor);
}

}  // namespace commy::platform::detail
