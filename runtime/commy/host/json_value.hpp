// commy/host/json_value.hpp: a JSON document that remembers where things stood.
#pragma once

#include <commy/host/manifest_problem.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace commy::host {

enum class json_kind : std::uint8_t {
  null,
  boolean,
  integer,
  number,
  text,
  list,
  object
};
/// "a text", "an object", for use in sentences.
std::string_view describe(json_kind kind) noexcept;

struct json_member;

/// One value, with the line and column of its first byte. Only the field that
/// `kind` names means something.
struct json_value {
  json_kind kind = json_kind::null;
  bool boolean = false;
  /// A text whose variables could not be replaced: that was reported, and what
  /// is left of it is not worth another complaint.
  bool broken = false;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::int64_t integer = 0;
  double number = 0;
  std::string text{};
  std::vector<json_value> items{};   // Of a list.
  std::vector<json_member> members;  // Of an object, in the file's order.

  /// The member of that name, or null.
  [[nodiscard]] const json_value* find(std::string_view key) const noexcept;
};

struct json_member {
  std::string key;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  json_value value;
};

/// `path` with one more key, quoted where a bare one could be misread:
/// `modules.gateway`, `processes["my prog"]`.
std::string path_to(std::string_view path, std::string_view key);
/// `path` with one more index: `plugins[0]`.
std::string path_to(std::string_view path, std::size_t index);

/// Reads strict JSON (RFC 8259, UTF-8, no comments) whose keys are unique. What
/// is wrong goes to `problems`; a syntax error ends the reading and nothing is
/// returned. Bounds: 32 levels, 65,536 values, 1,024 keys in an
/// object; the caller bounds the bytes.
std::optional<json_value> parse_json(std::string_view bytes,
                                     manifest_problems& problems);

}  // namespace commy::host
