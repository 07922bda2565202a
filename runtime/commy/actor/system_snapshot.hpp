// commy/actor/system_snapshot.hpp: the tree of actors at one moment.
#pragma once

#include <commy/actor/supervision.hpp>
#include <commy/actor/system_options.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace commy {

struct supervisor_info {
  std::string name;
  strategy how = strategy::one_for_one;
  /// The supervisor above, as an index of `system_snapshot::supervisors`.
  std::optional<std::size_t> parent = std::nullopt;
  std::uint64_t restarts = 0;
  bool gave_up = false;
};

/// What `actor_system::inspect` gives. Actors and supervisors without a parent
/// are children of the system itself.
struct system_snapshot {
  std::vector<actor_info> actors;  ///< In no particular order.
  /// In the order in which they were made. Those that have neither handles nor
  /// children are gone.
  std::vector<supervisor_info> supervisors;
};

/// The tree as lines for people, supervisors first, then actors in the order of
/// their start; each beneath its supervisor, indented by two:
///
///     name       type                       state  queued  handled  ...
///     shop       supervisor (rest_for_one)                          ...
///       store    stock                      ready       0       17  ...
///
/// Columns of times only when there are any. Cost: a line for each actor.
[[nodiscard]] std::string describe(const system_snapshot& snapshot);

}  // namespace commy
