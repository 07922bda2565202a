// commy/platform/detail/child_environment.hpp: the variables a child starts
// with.
#pragma once

#include <commy/platform/process.hpp>

#include <string>
#include <utility>
#include <vector>

namespace commy::platform::detail {

/// Names the reading end of the lifeline; only the child itself gets it.
inline constexpr const char* lifeline_variable = "COMMY_LIFELINE";
/// Names the event of `terminate` (Windows).
inline constexpr const char* stop_variable = "COMMY_STOP";

using variable_list = std::vector<std::pair<std::string, std::string>>;

/// Refuses texts that would reach the child cut short or as something else.
result<void, spawn_error> check_texts(const spawn_options& options);

/// `ours` ("NAME=value", as this process has them) with `added` put over them,
/// later ones over earlier ones, and without the names that were meant for
/// this process alone.
std::vector<std::string> child_environment(std::vector<std::string> ours,
                                           const variable_list& added);

}  // namespace commy::platform::detail
