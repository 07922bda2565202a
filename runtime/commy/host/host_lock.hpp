// commy/host/host_lock.hpp: one host for each tenant.
#pragma once

#include <commy/base/result.hpp>
#include <commy/platform/file_lock.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace commy::host {

enum class host_lock_error : std::uint8_t {
  held,    // Another host runs; the detail names its pid.
  refused  // The folder or file cannot be used; the detail says why.
};
std::string_view describe(host_lock_error error) noexcept;

/// Held by the host that serves a tenant's segments in a folder. The kernel
/// drops it with the process, however that ends; the file that stays behind
/// then is taken over by the next host. In order, nothing stays behind.
class host_lock {
public:
  /// Never waits.
  static result<host_lock, host_lock_error> take(
      const std::string& segment_folder, const std::string& tenant);

  host_lock() noexcept = default;
  host_lock(host_lock&&) noexcept = default;
  host_lock& operator=(host_lock&& other) noexcept;
  ~host_lock();

private:
  std::string path_;
  platform::file_lock lock_;
};

}  // namespace commy::host
