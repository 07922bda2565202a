// gateway_host.hpp: a whole host in the test, with all its modules.
#pragma once

#include "modules/allocator/module.hpp"
#include "modules/auth/module.hpp"
#include "modules/gateway/module.hpp"
#include "modules/heartbeat/module.hpp"
#include "support/test_folder.hpp"
#include <commy/containers/shared_box.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_string.hpp>
#include <commy/containers/shared_vec_deque.hpp>
#include <commy/containers/transact.hpp>
#include <commy/host/runtime.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace commy::tests {

struct point {
  std::int64_t number = 0;
  double x = 0;
};
BOOST_DESCRIBE_STRUCT(point, (), (number, x))

struct host_setup {
  std::string gateway = R"("port": 0)";
  std::string auth{};
  std::string segments = R"({"shop": "64MiB"})";
  std::vector<module_description> more{};  // Besides the four.
};

/// Serves the tenant "demo" with the segment "shop" on a port of its own. The
/// key it makes may read and watch everything there, unless said otherwise.
class gateway_host {
public:
  explicit gateway_host(const host_setup& how = {})
      : runtime_{start(how)},
        key_{line_of(folder_ / "first.key")},
        port_{port_in(line_of(folder_ / "address"))},
        shop_{segment::open("demo/shop", {.folder = folder_ / "segments",
                                          .participant = "test"})
                  .value()} {}

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] runtime& host() noexcept { return runtime_; }
  /// This process's own attachment; the gateway has another one.
  [[nodiscard]] segment& shop() noexcept { return shop_; }
  [[nodiscard]] std::string folder() const { return folder_.path(); }

  using price_map = shared_hash_map<shared_string, double>;
  [[nodiscard]] price_map prices() {
    return shop_.open_or_create<price_map>("prices").value();
  }
  using point_queue = shared_vec_deque<point>;
  [[nodiscard]] point_queue points() {
    return shop_.open_or_create<point_queue>("points").value();
  }

  static std::string line_of(const std::string& path) {
    std::string line;
    std::ifstream file{path};
    std::getline(file, line);
    return line;
  }

private:
  // "http://127.0.0.1:4711/"
  static std::uint16_t port_in(const std::string& address) {
    return static_cast<std::uint16_t>(
        std::stoi(address.substr(address.rfind(':') + 1)));
  }

  runtime start(const host_setup& how) {
    std::string others;
    for (const auto& one : how.more) {
      table_.push_back(one);
      others += ", \"" + std::string{one.name} + "\": {}";
    }
    const auto comma = [](const std::string& text) {
      return text.empty() ? "" : ", " + text;
    };
    const auto json =
        R"({"name": "test", "tenant": "demo", "modules": {"allocator": {)"
        R"("segments": )" +
        how.segments +
        R"(}, "heartbeat": {"period": "50ms", "slow_after": )"
        R"("300ms"}, "auth": {"first_key": "first.key")" +
        comma(how.auth) + R"(}, "gateway": {"address_file": "address")" +
        comma(how.gateway) + "}" + others + "}}";
    const auto plan = manifest::from_text(
        json, "test", folder_.path(),
        [](std::string_view) { return std::optional<std::string>{}; });
    return runtime::start(plan.value(), table_,
                          {.segment_folder = folder_ / "segments"})
        .value();
  }

  test::test_folder folder_;
  // The runtime goes on using it.
  std::vector<module_description> table_{modules::allocator(), modules::auth(),
                                         modules::gateway(),
                                         modules::heartbeat()};
  runtime runtime_;
  std::string key_;
  std::uint16_t port_;
  segment shop_;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace commy::tests
