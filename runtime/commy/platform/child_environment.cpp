#include <commy/platform/detail/child_environment.hpp>
#include <commy/platform/detail/system_failure.hpp>

#include <algorithm>

namespace commy::platform::detail {
namespace {

bool has_zero(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

unexpected<spawn_error> refusal(const spawn_options& options,
                                std::string_view words) {
  return {spawn_error::bad_argument, place(options.program, words)};
}

void drop(std::vector<std::string>& from, const std::string& name) {
  std::erase_if(from, [start = name + '='](const std::string& each) {
    return each.starts_with(start);
  });
}

}  // namespace

result<void, spawn_error> check_texts(const spawn_options& options) {
  if (options.program.empty() || has_zero(options.program) ||
      std::ranges::any_of(options.arguments, has_zero)) {
    return refusal(options, "no program, or a zero byte in an argument");
  }
  for (const auto& [name, value] : options.environment) {
    if (name.empty() || has_zero(name) || name.find('=') != std::string::npos) {
      return refusal(options, "\"" + name + "\" is no variable's name");
    }
    if (has_zero(value)) {
      return refusal(options, "a zero byte in the value of " + name);
    }
  }
  return {};
}

std::vector<std::string> child_environment(std::vector<std::string> ours,
                                           const variable_list& added) {
  drop(ours, lifeline_variable);
  drop(ours, stop_variable);
  for (const auto& [name, value] : added) {
    drop(ours, name);
    ours.push_back(name + '=' + value);
  }
  return ours;
}

}  // namespace commy::platform::detail
