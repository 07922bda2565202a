#include <commy/platform/thread_hint.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>

#include <bit>

namespace commy::platform {

void name_this_thread(std::string_view name) noexcept {
  // Since Windows 10 1607; by name, because mingw's libraries lack it.
  using set_description = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  const auto address = ::GetProcAddress(::GetModuleHandleW(L"kernel32.dll"),
                                        "SetThreadDescription");
  if (address == nullptr) return;
  reinterpret_cast<set_description>(reinterpret_cast<void*>(address))(
      ::GetCurrentThread(), detail::wide(name).c_str());
}

unsigned usable_cores() noexcept {
  DWORD_PTR ours = 0;
  DWORD_PTR all = 0;
  // Zero for a process that lives in several groups of processors.
  if (::GetProcessAffinityMask(::GetCurrentProcess(), &ours, &all) &&
      ours != 0) {
    return static_cast<unsigned>(std::popcount(ours));
  }
  return ::GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
}

}  // namespace commy::platform
