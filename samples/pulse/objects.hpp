// samples/pulse/objects.hpp: what lies in the segment, and under which names.
#pragma once

#include "pulse/analysis.hpp"
#include "pulse/sample.hpp"
#include <commy/containers/shared_box.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_string.hpp>
#include <commy/containers/shared_vec_deque.hpp>

namespace pulse {

/// The segment unless the manifest says otherwise: tenant and service.
inline constexpr const char* default_segment = "demo/pulse";

/// Values of the last sample by name; see measure.hpp. The sampler writes it,
/// `history` and `top` in one transaction.
using now_map = commy::shared_hash_map<commy::shared_string, double>;
inline constexpr const char* now_name = "now";

/// The last samples without their details, the oldest first.
using history_deque = commy::shared_vec_deque<pulse_point>;
inline constexpr const char* history_name = "history";

/// The busiest processes of the last sample.
using top_box = commy::shared_box<pulse_top>;
inline constexpr const char* top_name = "top";

/// What the analyst makes of the history.
using analysis_box = commy::shared_box<analysis>;
inline constexpr const char* analysis_name = "analysis";

}  // namespace pulse
