// modules/gateway/row.hpp: puts fields into a record.
#pragma once

#include <commy/containers/dynamic_value.hpp>

#include <string_view>
#include <utility>

namespace commy::gateway {

/// Adds a field; `value` is one of the types a `dynamic_value` holds.
template <class T>
void put(dynamic_value::record& row, std::string_view name, T value) {
  auto& field = row.emplace_back();
  field.first = name;
  field.second.held.template emplace<T>(std::move(value));
}

}  // namespace commy::gateway
