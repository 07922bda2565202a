#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/liveness.hpp>
#include <commy/platform/windows/handle.hpp>

#include <bcrypt.h>
#include <windows.h>
#include <winternl.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace commy::platform {
namespace {

std::uint64_t creation_time(HANDLE process) noexcept {
  FILETIME created{};
  FILETIME ignored{};
  if (!::GetProcessTimes(process, &created, &ignored, &ignored, &ignored)) {
    return 0;
  }
  return std::uint64_t{created.dwHighDateTime} << 32U | created.dwLowDateTime;
}

/// A mutex named after the file itself, so that all paths to it mean the same.
/// Global: sessions are no border between processes of one segment.
std::wstring growth_name(const BY_HANDLE_FILE_INFORMATION& about) {
  return L"Global\\commy-growth-" +
         std::to_wstring(about.dwVolumeSerialNumber) + L"-" +
         std::to_wstring(about.nFileIndexHigh) + L"-" +
         std::to_wstring(about.nFileIndexLow);
}

}  // namespace

process_identity this_process() noexcept {
  return {::GetCurrentProcessId(), creation_time(::GetCurrentProcess())};
}

result<liveness, file_error> liveness::open(const file& /*control*/) {
  return unexpected{file_error::unsupported, "liveness of a file without name"};
}

result<liveness, file_error> liveness::open(const std::string& control_path) {
  const auto control = file::open(control_path, access::read_only);
  if (!control) return unexpected{control.error()};
  BY_HANDLE_FILE_INFORMATION about{};
  if (!::GetFileInformationByHandle(detail::to_handle(control->native()),
                                    &about)) {
    return detail::system_failure(control_path, detail::last_error());
  }
  const HANDLE mutex =
      ::CreateMutexW(nullptr, FALSE, growth_name(about).c_str());
  if (mutex == nullptr) {
    return detail::system_failure(control_path, detail::last_error());
  }
  liveness made;
  made.growth_ = {mutex, [](void* handle) { ::CloseHandle(handle); }};
  return made;
}

bool liveness::try_claim(std::uint32_t /*slot*/) noexcept { return true; }

void liveness::release(std::uint32_t /*slot*/) noexcept {}

bool liveness::is_alive(std::uint32_t /*slot*/,
                        process_identity who) const noexcept {
  const detail::unique_handle process{::OpenProcess(
      SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, who.pid)};
  if (!process) {
    // Anything but "no such process" leaves it open: then it counts as alive.
    return who.pid != 0 && ::GetLastError() != ERROR_INVALID_PARAMETER;
  }
  // A handle keeps the number from being given away, so that the two answers
  // are about one process.
  return creation_time(process.get()) == who.started &&
         ::WaitForSingleObject(process.get(), 0) == WAIT_TIMEOUT;
}

bool liveness::lock_growth(std::uint32_t deadline_ms) noexcept {
  const DWORD got = ::WaitForSingleObject(growth_.get(), deadline_ms);
  // Abandoned: its owner died and we have it; growing is restartable.
  return got == WAIT_OBJECT_0 || got == WAIT_ABANDONED;
}

void liveness::unlock_growth() noexcept { ::ReleaseMutex(growth_.get()); }

std::array<std::uint64_t, 2> boot_id() noexcept {
  // When the system booted, less what the clock was set since: constant until
  // the next boot. The layout is not in mingw's headers.
  struct time_of_day {
    LARGE_INTEGER boot_time;
    LARGE_INTEGER current_time;
    LARGE_INTEGER zone_bias;
    ULONG zone_id;
    ULONG reserved;
    ULONGLONG boot_time_bias;
    ULONGLONG sleep_time_bias;
  } now{};
  static_assert(sizeof now == 48);
  constexpr auto time_of_day_class = static_cast<SYSTEM_INFORMATION_CLASS>(3);
  if (::NtQuerySystemInformation(time_of_day_class, &now, sizeof now, nullptr) <
      0) {
    return {};
  }
  return {
      static_cast<std::uint64_t>(now.boot_time.QuadPart) - now.boot_time_bias,
      0};
}

std::uint64_t random_u64() noexcept {
  std::uint64_t bits = 0;
  if (::BCryptGenRandom(nullptr, reinterpret_cast<UCHAR*>(&bits), sizeof bits,
                        BCRYPT_USE_SYSTEM_PREFERRED_RNG) < 0) {
    std::abort();
  }
  return bits;
}

}  // namespace commy::platform
