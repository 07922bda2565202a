// commy/host/expand.hpp: environment variables in the texts of a manifest.
#pragma once

#include <commy/host/json_value.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace commy {

/// Finds an environment variable; nothing when it is not set.
using variable_lookup =
    std::function<std::optional<std::string>(std::string_view)>;

}  // namespace commy

namespace commy::host {

/// The variables of this process. Threads: not beside one that sets them.
std::optional<std::string> process_variable(std::string_view name);

/// Replaces in every text of `root`, never in keys, and looks at nothing twice:
///
///     ${NAME}       its value; an error when it is not set
///     ${NAME:-x}    its value, or x when it is not set or empty
///     ${NAME:?why}  its value; an error that says why, likewise
///     $$            a dollar sign
///
/// Any other dollar sign is an error. What is between `:-` and the first `}` is
/// taken as it stands. Since values come in after the JSON was read, none can
/// change its structure.
void expand_variables(json_value& root, const variable_lookup& lookup,
                      manifest_problems& problems);

}  // namespace commy::host
