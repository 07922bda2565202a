// modules/gateway/object_path.hpp: names of objects as clients write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace commy::gateway {

/// "tenant/service/object". The service `$sys` holds what the gateway itself
/// knows; no segment can have that name.
struct object_path {
  std::string tenant;
  std::string service;
  std::string object;

  [[nodiscard]] std::string text() const {
    return tenant + "/" + service + "/" + object;
  }
  [[nodiscard]] bool is_system() const noexcept {
    return service == system_service;
  }
  static constexpr std::string_view system_service = "$sys";
};

/// Tenant and service: 1 to 64 of `A-Za-z0-9_.-`, not beginning with a dot.
/// Object: 1 to 255 bytes without '/' and control characters, whatever else it
/// has been called. "$sys/x" is short for it in `own_tenant`.
std::optional<object_path> parse_path(std::string_view text,
                                      std::string_view own_tenant);

}  // namespace commy::gateway
