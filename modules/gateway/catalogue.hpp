// modules/gateway/catalogue.hpp: all objects that a path can lead to.
#pragma once

#include "modules/gateway/object_path.hpp"
#include "modules/gateway/source.hpp"
#include <commy/memory/segment.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace commy::gateway {

/// The segments of this host and the gateway's own objects. It decides nothing
/// about rights. Threads: any; it never changes after `add`s at start.
class catalogue {
public:
  explicit catalogue(std::string tenant) : tenant_{std::move(tenant)} {}

  /// A segment and its service's name.
  void add(segment shared, std::string name);
  /// An object of the service `$sys`.
  void add(std::string name, std::shared_ptr<source> own);

  [[nodiscard]] const std::string& tenant() const noexcept { return tenant_; }
  /// Opens an object. Fails with `not_found`, or `damaged`, when its type makes
  /// no sense.
  [[nodiscard]] result<std::shared_ptr<source>, open_error> find(
      const object_path& path) const;

  struct entry {
    object_path path;
    std::string type;
  };
  /// All of them, at most 10,000; more objects than that are not shown. A
  /// segment whose directory cannot be read is left out.
  [[nodiscard]] std::vector<entry> list() const;

private:
  struct service {
    segment shared;
    std::string name;
  };
  std::string tenant_;
  std::vector<service> services_;
  std::vector<std::pair<std::string, std::shared_ptr<source>>> own_;
};

}  // namespace commy::gateway
