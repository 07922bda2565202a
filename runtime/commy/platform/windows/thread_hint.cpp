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

std::vector<unsigned> allowed_cores() {
  DWORD_PTR ours = 0;
  DWORD_PTR all = 0;
  std::vector<unsigned> cores;
  if (!::GetProcessAffinityMask(::GetCurrentProcess(), &ours, &all)) {
    return cores;
  }
  // Zero for a process that lives in several groups: those of the thread's own.
  if (ours == 0) {
    GROUP_AFFINITY group{};
    if (::GetThreadGroupAffinity(::GetCurrentThread(), &group)) {
      ours = group.Mask;
    }
  }
  for (unsigned core = 0; core < 8 * sizeof ours; ++core) {
    if (((ours >> core) & 1U) != 0) cores.push_back(core);
  }
  return cores;
}

bool pin_this_thread(std::span<const unsigned> cores) {
  DWORD_PTR mask = 0;
  for (const auto core : cores) {
    if (core >= 8 * sizeof mask) return false;
    mask |= DWORD_PTR{1} << core;
  }
  return ::SetThreadAffinityMask(::GetCurrentThread(), mask) != 0;
}

}  // namespace commy::platform
