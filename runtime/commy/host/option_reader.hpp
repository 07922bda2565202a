// commy/host/option_reader.hpp: checks JSON against a table of options.
#pragma once

#include <commy/host/json_value.hpp>
#include <commy/host/options.hpp>

#include <span>
#include <string>
#include <string_view>

namespace commy::host {

/// The values of `object` as `options` wants them, defaults filled in. Adds
/// everything that is wrong to `problems`; the answer is then only good for
/// finding more problems. `path` is where `object` stands in the manifest;
/// `others` are keys it may have that somebody else reads.
option_values read_options(std::span<const option> options,
                           const json_value& object, const std::string& path,
                           manifest_problems& problems,
                           std::span<const std::string_view> others = {});

/// Complains about each key of `object` that is not `known`, naming the one
/// it was perhaps meant to be.
void refuse_unknown_keys(const json_value& object, const std::string& path,
                         std::span<const std::string_view> known,
                         manifest_problems& problems);

}  // namespace commy::host
