// commy/containers/dynamic_value.hpp: a value whose type is known at run time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace commy {

/// What the gateway, the command line and other languages see of shared data:
/// a private copy in terms that JSON and CBOR know.
struct dynamic_value {
  using list = std::vector<dynamic_value>;
  /// In the order of the fields; a map's entries in no order. A map's integer
  /// keys appear as decimal text.
  using record = std::vector<std::pair<std::string, dynamic_value>>;

  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double,
               std::string, list, record>
      held{};

  friend bool operator==(const dynamic_value&, const dynamic_value&) = default;
};

}  // namespace commy
