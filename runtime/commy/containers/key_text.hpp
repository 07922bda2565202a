// commy/containers/key_text.hpp: keys of maps as texts, and back.
#pragma once

#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/type_tree.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace commy {

/// The text of a key that `is_key` holds for; takes what is in it.
[[nodiscard]] std::string key_text(dynamic_value& key);

/// The key that `text` means for a map of integers; nothing when it is none.
[[nodiscard]] std::optional<std::uint64_t> key_bits(const type_tree& type,
                                                    std::string_view text);

}  // namespace commy
