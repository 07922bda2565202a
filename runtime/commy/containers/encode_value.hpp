// commy/containers/encode_value.hpp: from a value to a type's bytes.
#pragma once

#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/type_tree.hpp>
#include <commy/memory/transaction.hpp>
#include <commy/memory/write_error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace commy {

/// True for types that C++ programs can store: in a descriptor that somebody
/// else wrote a text could lie inside a struct, where nobody gives it back.
[[nodiscard]] bool is_storable(const type_tree& type) noexcept;

/// Whether `value` is one of `type`, as reading would show it: integers in
/// range, also in a place for real numbers; every field of a struct and no
/// other; as many elements as an array has; texts without NUL for arrays of
/// char. Of containers see encode_content.hpp. Fails with `wrong_type`, and
/// says where in the value: "[3].price: wanted f64, found a text". `where` is
/// what the path begins with.
[[nodiscard]] result<void, write_error> check_value(const type_tree& type,
                                                    const dynamic_value& value,
                                                    const std::string& where);
/// The same for what a text may stand for: of an integer or bool its digits.
[[nodiscard]] result<void, write_error> check_key(const type_tree& type,
                                                  const dynamic_value& key,
                                                  const std::string& where);

/// Puts the value's bytes, `type.bytes` of them, at `into`. Texts and nested
/// containers get blocks of `txn`. Requires: it was checked; `into` is zeroed.
void encode(transaction& txn, const type_tree& type, const dynamic_value& value,
            std::byte* into);
/// The same without a transaction, for keys and elements without text.
void encode_plain(const type_tree& type, const dynamic_value& value,
                  std::byte* into);
/// Of a key that is checked; of one that is a text its bytes are nothing.
void encode_key(const type_tree& type, const dynamic_value& key,
                std::byte* into);

/// The index that a value stands for: an integer from 0 on, or its digits.
[[nodiscard]] std::optional<std::uint64_t> index_of(
    const dynamic_value& key) noexcept;

/// The refusal of a value: "[3].price: wanted f64, found a text".
[[nodiscard]] unexpected<write_error> misfit(const std::string& where,
                                             const std::string& wanted,
                                             const std::string& found);
/// One kind of value in words, for messages: "a text", "f64".
[[nodiscard]] std::string type_words(const type_tree& type);

}  // namespace commy
