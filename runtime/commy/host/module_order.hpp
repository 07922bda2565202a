// commy/host/module_order.hpp: which module starts before which.
#pragma once

#include <commy/host/manifest_problem.hpp>
#include <commy/host/module.hpp>

#include <span>
#include <vector>

namespace commy::host {

/// `chosen`, each after those it needs, else in the order given. A need that
/// is not among them and a circle of needs go to `problems`; the answer is then
/// not to be used. Requires: no name twice.
std::vector<const module_description*> order_modules(
    std::span<const module_description* const> chosen,
    manifest_problems& problems);

}  // namespace commy::host
