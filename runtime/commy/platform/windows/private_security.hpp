// commy/platform/windows/private_security.hpp: rights for one user alone.
#pragma once

#include <windows.h>

namespace commy::platform::detail {

/// Gives all rights, also to delete, to this user, the administrators and the
/// system, and none to anybody else; what lies in a folder inherits them.
class private_security {
public:
  private_security();
  private_security(const private_security&) = delete;
  private_security& operator=(const private_security&) = delete;
  ~private_security();

  /// To be passed to what creates; null, which means the folder's own rights,
  /// when the system would not say who we are.
  [[nodiscard]] SECURITY_ATTRIBUTES* get() noexcept {
    return attributes_.lpSecurityDescriptor == nullptr ? nullptr : &attributes_;
  }

private:
  SECURITY_ATTRIBUTES attributes_{};
};

}  // namespace commy::platform::detail
