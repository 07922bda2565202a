// modules/gateway/json_text.hpp: shared values as JSON.
#pragma once

#include <commy/containers/dynamic_value.hpp>

#include <string>
#include <string_view>

namespace commy::gateway {

/// Appends `value` as JSON. Whole numbers beyond 2^53, which JavaScript cannot
/// hold, become decimal texts; NaN and infinities become null. Bytes that are
/// not UTF-8 (any process may have written them) become U+FFFD.
void append_json(std::string& out, const dynamic_value& value);
void append_json(std::string& out, std::string_view text);

}  // namespace commy::gateway
