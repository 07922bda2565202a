// commy/actor/inspect.hpp: what others may see of an actor that runs.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/system_options.hpp>

#include <cstdint>

namespace commy::actors {

/// All but the parent. Under the arena's lock, see `for_each_cell`, so that
/// neither this actor nor the one it waits for is released meanwhile.
[[nodiscard]] actor_info info_of(const cell& c, std::int64_t now_ns);

}  // namespace commy::actors
