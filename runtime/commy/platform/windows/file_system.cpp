#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/file_system.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>

#include <array>

namespace commy::platform {

result<file_system, file_error> file_system_of(const std::string& path) {
  std::array<wchar_t, 1024> root{};
  if (!::GetVolumePathNameW(detail::wide(path).c_str(), root.data(),
                            static_cast<DWORD>(root.size()))) {
    return detail::system_failure(path, detail::last_error());
  }
  switch (::GetDriveTypeW(root.data())) {
    case DRIVE_REMOTE:
      return file_system::network;
    case DRIVE_RAMDISK:
      return file_system::memory;
    default:
      return file_system::disk;
  }
}

}  // namespace commy::platform
