#include <commy/host/nearest.hpp>
#include <commy/host/option_reader.hpp>
#include <commy/host/option_text.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace commy::host {
namespace {

// More never fits on a command line or in a person's head.
constexpr std::size_t most_entries = 256;
constexpr std::size_t longest_text = 4'096;

class reader {
public:
  reader(const option& what, std::string path, manifest_problems& problems)
      : what_{what}, path_{std::move(path)}, problems_{problems} {}

  option_value read(const json_value& json) {
    if (json.broken) return standard_of(what_);
    if (what_.kind == option_kind::texts) return read_texts(json);
    if (what_.kind == option_kind::table) return read_table(json);
    auto value = scalar(json);
    if (value.index() == 0) {
      // A text where a duration belongs has the right type, a wrong spelling.
      const bool spelling = json.kind == json_kind::text;
      std::string text = std::string{form_of(what_.kind)} + " is wanted, ";
      if (what_.secret || !spelling) {
        text += std::string{describe(json.kind)} + " was found";
      } else {
        text += "\"" + json.text + "\" was found";
      }
      complain(json,
               spelling ? manifest_flaw::bad_value : manifest_flaw::wrong_type,
               std::move(text));
    } else if (const auto flaw = check_bounds(what_, value)) {
      complain(json, flaw->code, flaw->text);
    }
    return value;
  }

private:
  // A text is read in any form, since a variable yields nothing else; and a
  // whole number is a number.
  option_value scalar(const json_value& json) const {
    if (json.kind == json_kind::text) return parse_value(what_.kind, json.text);
    if (what_.kind == option_kind::boolean && json.kind == json_kind::boolean) {
      return json.boolean;
    }
    if (what_.kind == option_kind::integer && json.kind == json_kind::integer) {
      return json.integer;
    }
    if (what_.kind == option_kind::number) {
      if (json.kind == json_kind::number) return json.number;
      if (json.kind == json_kind::integer) {
        return static_cast<double>(json.integer);
      }
    }
    return {};
  }

  bool check_text(const json_value& json, const std::string& path) {
    if (json.broken) return false;
    if (json.kind != json_kind::text) {
      problems_.add(manifest_flaw::wrong_type, json.line, json.column, path,
                    "a text is wanted, " + std::string{describe(json.kind)} +
                        " was found");
      return false;
    }
    if (json.text.size() > longest_text) {
      problems_.add(manifest_flaw::out_of_range, json.line, json.column, path,
                    "a text of at most 4096 bytes is wanted, " +
                        std::to_string(json.text.size()) + " were found");
      return false;
    }
    return true;
  }

  bool check_holder(const json_value& json, json_kind kind,
                    std::size_t entries) {
    if (json.kind != kind) {
      complain(json, manifest_flaw::wrong_type,
               std::string{form_of(what_.kind)} + " is wanted, " +
                   std::string{describe(json.kind)} + " was found");
      return false;
    }
    if (entries > most_entries) {
      complain(json, manifest_flaw::too_many,
               "at most 256 entries are wanted, " + std::to_string(entries) +
                   " were found");
      return false;
    }
    return true;
  }

  option_value read_texts(const json_value& json) {
    std::vector<std::string> texts;
    if (check_holder(json, json_kind::list, json.items.size())) {
      for (const auto& item : json.items) {
        if (check_text(item, path_to(path_, texts.size()))) {
          texts.push_back(item.text);
        } else {
          texts.emplace_back();
        }
      }
    }
    return texts;
  }

  option_value read_table(const json_value& json) {
    std::vector<std::pair<std::string, std::string>> table;
    if (check_holder(json, json_kind::object, json.members.size())) {
      for (const auto& member : json.members) {
        if (check_text(member.value, path_to(path_, member.key))) {
          table.emplace_back(member.key, member.value.text);
        }
      }
    }
    return table;
  }

  void complain(const json_value& json, manifest_flaw code, std::string text) {
    problems_.add(code, json.line, json.column, path_, std::move(text));
  }

  const option& what_;
  std::string path_;
  manifest_problems& problems_;
};

}  // namespace

void refuse_unknown_keys(const json_value& object, const std::string& path,
                         std::span<const std::string_view> known,
                         manifest_problems& problems) {
  for (const auto& member : object.members) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) {
      continue;
    }
    std::string text = "unknown key; ";
    if (const auto near = nearest(member.key, known)) {
      text += "did you mean \"" + std::string{*near} + "\"?";
    } else if (known.empty()) {
      text += "nothing can be set here";
    } else {
      text += "known are " + list_of(known);
    }
    problems.add(manifest_flaw::unknown_key, member.line, member.column,
                 path_to(path, member.key), std::move(text));
  }
}

option_values read_options(std::span<const option> options,
                           const json_value& object, const std::string& path,
                           manifest_problems& problems,
                           std::span<const std::string_view> others) {
  std::vector<option_value> values;
  values.reserve(options.size());
  if (object.kind != json_kind::object) {
    problems.add(manifest_flaw::wrong_type, object.line, object.column, path,
                 "an object is wanted, " + std::string{describe(object.kind)} +
                     " was found");
    for (const auto& what : options)
      values.push_back(standard_of(what));
    return {options, std::move(values)};
  }
  std::vector<std::string_view> names;
  for (const auto& what : options) {
    names.push_back(what.name);
    const auto* json = object.find(what.name);
    if (json != nullptr) {
      values.push_back(
          reader{what, path_to(path, what.name), problems}.read(*json));
      continue;
    }
    if (what.required) {
      problems.add(manifest_flaw::missing_key, object.line, object.column, path,
                   "the key \"" + std::string{what.name} +
                       "\" is missing: " + std::string{what.summary});
    }
    values.push_back(standard_of(what));
  }
  names.insert(names.end(), others.begin(), others.end());
  refuse_unknown_keys(object, path, names, problems);
  return {options, std::move(values)};
}

}  // namespace commy::host
