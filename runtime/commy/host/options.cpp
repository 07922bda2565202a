#include <commy/host/option_reader.hpp>
#include <commy/host/options.hpp>

#include <gsl/gsl>

namespace commy {

option_values::option_values(std::span<const option> options,
                             std::vector<option_value> values)
    : options_{options}, values_{std::move(values)} {
  Expects(options_.size() == values_.size());
}

// Tables have a dozen entries and are read at start: a walk is enough.
std::size_t option_values::index_of(std::string_view name) const {
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (options_[i].name == name) return i;
  }
  return options_.size();
}

template <class T>
const T& option_values::get(std::string_view name, option_kind kind) const {
  const auto index = index_of(name);
  Expects(index < options_.size() && options_[index].kind == kind);
  const auto* value = std::get_if<T>(&values_[index]);
  Expects(value != nullptr);
  return *value;
}

bool option_values::has(std::string_view name) const {
  const auto index = index_of(name);
  Expects(index < options_.size());
  return values_[index].index() != 0;
}

const std::string& option_values::text(std::string_view name) const {
  return get<std::string>(name, option_kind::text);
}
std::int64_t option_values::integer(std::string_view name) const {
  return get<std::int64_t>(name, option_kind::integer);
}
double option_values::number(std::string_view name) const {
  return get<double>(name, option_kind::number);
}
bool option_values::boolean(std::string_view name) const {
  return get<bool>(name, option_kind::boolean);
}
std::chrono::nanoseconds option_values::duration(std::string_view name) const {
  return get<std::chrono::nanoseconds>(name, option_kind::duration);
}
std::uint64_t option_values::bytes(std::string_view name) const {
  return get<std::uint64_t>(name, option_kind::bytes);
}
const std::vector<std::string>& option_values::texts(
    std::string_view name) const {
  return get<std::vector<std::string>>(name, option_kind::texts);
}
const std::vector<std::pair<std::string, std::string>>& option_values::table(
    std::string_view name) const {
  return get<std::vector<std::pair<std::string, std::string>>>(
      name, option_kind::table);
}

option_values read_options(std::span<const option> options,
                           std::string_view json, manifest_problems& problems) {
  const auto root = host::parse_json(json, problems);
  if (!root) return {};
  return host::read_options(options, *root, {}, problems);
}

}  // namespace commy
