// commy/containers/type_tree.hpp: a type descriptor's line, taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

enum class type_kind : std::uint8_t {
  signed_integer,
  unsigned_integer,
  real,
  boolean,
  text,   // A shared string.
  chars,  // Array of char: text up to its first NUL.
  array,
  record,
  topic,  // Objects: what a name leads to. Messages, not a value.
  box,    // All that follow also lie in others.
  hash_map,
  vec_deque,
  vec,
  hash_set,
  btree_map,
  btree_set,
};

/// True for containers that may be an element of another one.
[[nodiscard]] constexpr bool is_nestable(type_kind kind) noexcept {
  return kind > type_kind::box;
}

/// One node of a type. Sizes come from the line and were checked to be
/// consistent: a field lies in its record, an array is as long as its elements.
struct type_tree {
  type_kind kind = type_kind::text;
  std::uint32_t bytes = 0;
  std::uint32_t align = 1;
  std::uint32_t count = 0;  // Elements of an array or chars.

  struct field;
  std::vector<field> fields;          // Of a record.
  std::vector<type_tree> parameters;  // Element; or key and value of a map.

  /// What elements are of: of a map its values.
  [[nodiscard]] const type_tree& element() const noexcept {
    return parameters.back();
  }
  /// True for containers whose elements are containers.
  [[nodiscard]] bool has_nested() const noexcept {
    return !parameters.empty() && is_nestable(parameters.back().kind);
  }

  /// Reads a line of the grammar in memory/type_text.hpp, or the descriptor of
  /// an object ("hash_map<text, vec<f64>>"). Nothing when it is not
  /// well-formed. The line is input: at most 16 levels and 4,096 nodes are
  /// read, above what any line of 16 KiB written by a program needs.
  static std::optional<type_tree> parse(std::string_view line);
};

struct type_tree::field {
  std::string name;
  std::uint32_t at = 0;
  type_tree type;
};

/// The type of what is nested so many containers deep in an object of type
/// `outermost`; null when nothing is.
[[nodiscard]] const type_tree* nested_type(const type_tree& outermost,
                                           std::uint32_t level) noexcept;

/// The order of two values of a type without texts, as memory::compare_plain
/// has it for C++ types: below 0, 0 or above 0.
[[nodiscard]] int compare_values(const type_tree& type, const std::byte* a,
                                 const std::byte* b) noexcept;

}  // namespace commy
