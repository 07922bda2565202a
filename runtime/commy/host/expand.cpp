#include <commy/host/expand.hpp>

#include <algorithm>
#include <cstdlib>

namespace commy::host {
namespace {

bool is_name(std::string_view name) noexcept {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9');
         });
}

class expander {
public:
  expander(const variable_lookup& lookup, manifest_problems& problems)
      : lookup_{lookup}, problems_{problems} {}

  // Recursion is bounded by the reader's 32 levels.
  void visit(json_value& value, const std::string& path) {
    if (value.kind == json_kind::text) {
      expand(value, path);
    } else if (value.kind == json_kind::list) {
      std::size_t index = 0;
      for (auto& item : value.items)
        visit(item, path_to(path, index++));
    } else if (value.kind == json_kind::object) {
      for (auto& member : value.members) {
        visit(member.value, path_to(path, member.key));
      }
    }
  }

private:
  void expand(json_value& value, const std::string& path) {
    std::string_view rest = value.text;
    if (rest.find('$') == std::string_view::npos) return;
    const auto complain = [&](manifest_flaw code, std::string text) {
      value.broken = true;
      problems_.add(code, value.line, value.column, path, std::move(text));
    };
    std::string out;
    while (true) {
      const auto dollar = rest.find('$');
      out += rest.substr(0, dollar);
      if (dollar == std::string_view::npos) break;
      rest.remove_prefix(dollar + 1);
      if (rest.starts_with('$')) {
        out += '$';
        rest.remove_prefix(1);
        continue;
      }
      const auto end = rest.find('}');
      if (!rest.starts_with('{') || end == std::string_view::npos) {
        complain(manifest_flaw::bad_variable,
                 "a variable is written ${NAME}, a dollar sign $$");
        return;
      }
      const auto inside = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
      const auto colon = std::min(inside.find(":-"), inside.find(":?"));
      const std::string name{inside.substr(0, colon)};
      if (!is_name(name)) {
        complain(manifest_flaw::bad_variable,
                 "\"" + name +
                     "\" is no name of a variable: letters, digits and "
                     "underscores");
        return;
      }
      const auto found = lookup_(name);
      if (colon == std::string_view::npos) {
        if (found) {
          out += *found;
        } else {
          complain(manifest_flaw::unset_variable,
                   "the environment variable " + name +
                       " is not set; set it, or write ${" + name +
                       ":-default}");
        }
      } else if (found && !found->empty()) {
        out += *found;
      } else if (inside[colon + 1] == '-') {
        out += inside.substr(colon + 2);
      } else {
        complain(manifest_flaw::unset_variable,
                 "the environment variable " + name +
                     " is not set: " + std::string{inside.substr(colon + 2)});
      }
    }
    value.text = std::move(out);
  }

  const variable_lookup& lookup_;
  manifest_problems& problems_;
};

}  // namespace

std::optional<std::string> process_variable(std::string_view name) {
  const char* const value = std::getenv(std::string{name}.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string{value};
}

void expand_variables(json_value& root, const variable_lookup& lookup,
                      manifest_problems& problems) {
  expander{lookup, problems}.visit(root, {});
}

}  // namespace commy::host
