// commy/host/options.hpp: what can be set, declared once for all its readers.
#pragma once

#include <commy/host/manifest_problem.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace commy {

enum class option_kind : std::uint8_t {
  text,      // UTF-8.
  integer,   // 64 bits, signed.
  number,    // A double; NaN and infinity cannot be written.
  boolean,   // true or false.
  duration,  // "50ms"; ns, us, ms, s, min, h, d.
  bytes,     // "64MiB"; B, KiB, MiB, GiB, TiB.
  texts,     // A list of texts, at most 256.
  table,     // An object of texts, at most 256.
};

/// One thing a manifest may set. Tables of these are constants: the reader
/// checks against them, and the JSON schema for editors, the printed manifest
/// and the error messages are made from them. What they say about values is
/// written as in a manifest, without quotes around texts.
struct option {
  std::string_view name;
  option_kind kind = option_kind::text;
  /// One line, for schema and documents.
  std::string_view summary = {};
  /// The default. Empty: no default (a list or table is then empty, anything
  /// else absent).
  std::string_view standard = {};
  /// Bounds of integer, number, duration, bytes; empty is none. Of a text the
  /// bounds of its length in bytes; without any, at most 4096.
  std::string_view minimum = {};
  std::string_view maximum = {};
  /// Of a text: the only values, separated by '|'.
  std::string_view choices = {};
  bool required = false;
  /// Never printed, logged or quoted in a message.
  bool secret = false;
};

/// A value, in the form its kind is used in.
using option_value =
    std::variant<std::monostate, std::string, std::int64_t, double, bool,
                 std::chrono::nanoseconds, std::uint64_t,
                 std::vector<std::string>,
                 std::vector<std::pair<std::string, std::string>>>;

/// The checked values of one table of options. Each accessor requires that the
/// table declares `name` with that kind, and, unless it has a default or is
/// required, that `has(name)`. Threads: any, it never changes.
class option_values {
public:
  option_values() = default;
  /// `values[i]` belongs to `options[i]`; `options` must outlive this object.
  option_values(std::span<const option> options,
                std::vector<option_value> values);

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] std::chrono::nanoseconds duration(std::string_view name) const;
  [[nodiscard]] std::uint64_t bytes(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& texts(
      std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& table(
      std::string_view name) const;

  [[nodiscard]] std::span<const option> options() const noexcept {
    return options_;
  }
  [[nodiscard]] const option_value& at(std::size_t index) const {
    return values_[index];
  }

private:
  template <class T>
  const T& get(std::string_view name, option_kind kind) const;
  std::size_t index_of(std::string_view name) const;

  std::span<const option> options_;
  std::vector<option_value> values_;
};

/// Reads the values from an object in JSON text, as in a manifest but without
/// variables: for tests, and for embedders without a file. Adds to `problems`
/// what is wrong; the values are then not to be used.
option_values read_options(std::span<const option> options,
                           std::string_view json, manifest_problems& problems);

}  // namespace commy
