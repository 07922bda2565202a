// commy/containers/dynamic_value.hpp: a value whose type is known at run time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
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

/// The first field of that name, or null.
[[nodiscard]] inline const dynamic_value* field_of(
    const dynamic_value::record& record, std::string_view name) noexcept {
  const auto found = std::ranges::find_if(
      record, [&](const auto& field) { return field.first == name; });
  return found == record.end() ? nullptr : &found->second;
}

}  // namespace commy
