// commy/host/find_file.hpp: where the files a manifest names really are.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace commy::host {

/// The path of `name`: one with a slash is relative to `folder` (an absolute
/// one to nothing), a bare one is looked for in `places` and then in `folder`.
/// The environment's PATH is not asked: what a host runs should not depend on
/// who started it. Nothing when there is no such file.
std::optional<std::string> find_file(const std::string& name,
                                     const std::string& folder,
                                     std::span<const std::string> places);

}  // namespace commy::host
