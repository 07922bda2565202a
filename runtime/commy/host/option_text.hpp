// commy/host/option_text.hpp: options between their values and what is written.
#pragma once

#include <commy/host/manifest_problem.hpp>
#include <commy/host/options.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace commy::host {

/// "a text", "a duration such as ...", for use in sentences.
std::string_view form_of(option_kind kind);

/// What a text says in the form of `kind`; the empty value when nothing. Also
/// how a default, a bound, and a value that came out of a variable are read.
/// Lists and tables cannot be written as one text.
option_value parse_value(option_kind kind, std::string_view text);

/// `value` as it would be written in a manifest, without quotes around texts.
/// Lists and tables: their texts, separated by commas.
std::string print_value(const option& what, const option_value& value);

/// The value of an option that is not set.
option_value standard_of(const option& what);

struct option_flaw {
  manifest_flaw code;
  std::string text;  // A sentence; does not quote a secret.
};
/// Why a value of the right kind is refused, if it is.
std::optional<option_flaw> check_bounds(const option& what,
                                        const option_value& value);

/// What is wrong with the table itself (a default that does not read back, a
/// name twice), or nothing. Tables of plugins come from outside.
std::optional<std::string> flaw_of(std::span<const option> options);

/// `[one, two, three]` for use in messages.
std::string list_of(std::span<const std::string_view> words);

}  // namespace commy::host
