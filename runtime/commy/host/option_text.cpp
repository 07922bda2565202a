#include <commy/host/nearest.hpp>
#include <commy/host/option_text.hpp>
#include <commy/host/quantity.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

namespace commy::host {
namespace {

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto* const end = text.data() + text.size();
  const auto [rest, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc{} || rest != end) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> split(std::string_view choices) {
  std::vector<std::string_view> words;
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    words.push_back(choices.substr(0, bar));
    if (bar == std::string_view::npos) break;
    choices.remove_prefix(bar + 1);
  }
  return words;
}

bool is_scalar(option_kind kind) {
  return kind != option_kind::texts && kind != option_kind::table;
}

// What bounds are compared with: a text by its length.
option_value measure(const option& what, const option_value& value) {
  if (what.kind != option_kind::text) return value;
  return static_cast<std::int64_t>(std::get<std::string>(value).size());
}
option_kind measure_kind(const option& what) {
  return what.kind == option_kind::text ? option_kind::integer : what.kind;
}

}  // namespace

std::string_view form_of(option_kind kind) {
  switch (kind) {
    case option_kind::text:
      return "a text";
    case option_kind::integer:
      return "a whole number";
    case option_kind::number:
      return "a number";
    case option_kind::boolean:
      return "true or false";
    case option_kind::duration:
      return "a duration such as \"50ms\" (ns, us, ms, s, min, h, d)";
    case option_kind::bytes:
      return "a size such as \"64MiB\" (B, KiB, MiB, GiB, TiB)";
    case option_kind::texts:
      return "a list of texts";
    case option_kind::table:
      return "an object of texts";
  }
  return "something unknown";
}

option_value parse_value(option_kind kind, std::string_view text) {
  switch (kind) {
    case option_kind::text:
      return std::string{text};
    case option_kind::integer:
      if (const auto v = parse_number<std::int64_t>(text)) return *v;
      break;
    case option_kind::number:
      if (const auto v = parse_number<double>(text)) return *v;
      break;
    case option_kind::boolean:
      if (text == "true") return true;
      if (text == "false") return false;
      break;
    case option_kind::duration:
      if (const auto v = parse_duration(text)) return *v;
      break;
    case option_kind::bytes:
      if (const auto v = parse_bytes(text)) return *v;
      break;
    case option_kind::texts:
    case option_kind::table:
      break;
  }
  return {};
}

std::optional<option_flaw> check_bounds(const option& what,
                                        const option_value& value) {
  if (!what.choices.empty()) {
    const auto words = split(what.choices);
    const auto& chosen = std::get<std::string>(value);
    if (std::find(words.begin(), words.end(), chosen) != words.end()) {
      return std::nullopt;
    }
    std::string text = "one of " + list_of(words) + " is wanted";
    if (!what.secret) text += ", \"" + chosen + "\" was found";
    if (const auto near = nearest(chosen, words)) {
      text += "; did you mean \"" + std::string{*near} + "\"?";
    }
    return option_flaw{manifest_flaw::bad_value, text};
  }
  const auto kind = measure_kind(what);
  std::string_view maximum = what.maximum;
  if (what.kind == option_kind::text && maximum.empty()) maximum = "4096";
  const auto size = measure(what, value);
  const bool low =
      !what.minimum.empty() && size < parse_value(kind, what.minimum);
  const bool high = !maximum.empty() && parse_value(kind, maximum) < size;
  if (!low && !high) return std::nullopt;
  std::string text = what.kind == option_kind::text ? "a length " : "a value ";
  if (!what.minimum.empty() && !maximum.empty()) {
    text += "from " + std::string{what.minimum} + " to " + std::string{maximum};
  } else if (low) {
    text += "of at least " + std::string{what.minimum};
  } else {
    text += "of at most " + std::string{maximum};
  }
  if (what.kind == option_kind::text) text += " bytes";
  text += " is wanted";
  if (!what.secret) {
    text += ", " +
            (what.kind == option_kind::text
                 ? std::to_string(std::get<std::int64_t>(size))
                 : print_value(what, value)) +
            " was found";
  }
  return option_flaw{manifest_flaw::out_of_range, text};
}

option_value standard_of(const option& what) {
  if (what.kind == option_kind::texts) return std::vector<std::string>{};
  if (what.kind == option_kind::table) {
    return std::vector<std::pair<std::string, std::string>>{};
  }
  if (what.standard.empty()) return {};
  return parse_value(what.kind, what.standard);
}

std::string print_value(const option& what, const option_value& value) {
  switch (what.kind) {
    case option_kind::text:
      return std::get<std::string>(value);
    case option_kind::integer:
      return std::to_string(std::get<std::int64_t>(value));
    case option_kind::number: {
      std::array<char, 32> digits{};
      const auto end =
          std::to_chars(digits.data(), digits.data() + digits.size(),
                        std::get<double>(value));
      return {digits.data(), end.ptr};
    }
    case option_kind::boolean:
      return std::get<bool>(value) ? "true" : "false";
    case option_kind::duration:
      return print_duration(std::get<std::chrono::nanoseconds>(value));
    case option_kind::bytes:
      return print_bytes(std::get<std::uint64_t>(value));
    case option_kind::texts: {
      std::string line;
      for (const auto& text : std::get<std::vector<std::string>>(value)) {
        line.append(line.empty() ? "" : ", ").append(text);
      }
      return line;
    }
    case option_kind::table: {
      std::string line;
      for (const auto& [key, text] :
           std::get<std::vector<std::pair<std::string, std::string>>>(value)) {
        line.append(line.empty() ? "" : ", ").append(key + "=" + text);
      }
      return line;
    }
  }
  return {};
}

std::optional<std::string> flaw_of(std::span<const option> options) {
  for (std::size_t i = 0; i < options.size(); ++i) {
    const auto& what = options[i];
    const auto say = [&](std::string_view text) {
      return "the option \"" + std::string{what.name} + "\" " +
             std::string{text};
    };
    if (what.name.empty()) return "an option has no name";
    for (std::size_t j = 0; j < i; ++j) {
      if (options[j].name == what.name) return say("is declared twice");
    }
    if (!is_scalar(what.kind)) {
      if (!what.standard.empty() || !what.minimum.empty() ||
          !what.maximum.empty() || !what.choices.empty()) {
        return say("is a list or table and can have no default or bounds");
      }
      continue;
    }
    if (!what.choices.empty() && what.kind != option_kind::text) {
      return say("has choices but is no text");
    }
    for (const auto bound : {what.minimum, what.maximum}) {
      if (!bound.empty() &&
          parse_value(measure_kind(what), bound).index() == 0) {
        return say("has a bound that cannot be read");
      }
    }
    if (what.standard.empty()) continue;
    if (what.required) return say("is required and has a default");
    const auto value = parse_value(what.kind, what.standard);
    if (value.index() == 0) return say("has a default that cannot be read");
    if (check_bounds(what, value)) {
      return say("has a default outside of its own bounds");
    }
  }
  return std::nullopt;
}

std::string list_of(std::span<const std::string_view> words) {
  std::string text = "[";
  for (const auto word : words) {
    if (text.size() > 1) text += ", ";
    text += word;
  }
  return text + "]";
}

}  // namespace commy::host
