// plugins/alarm/messages.hpp: what the alarm plugin is told, and what it tells.
#pragma once

#include "pulse/sample.h"
#include <commy/host/alarm_message.h>
#include <commy/host/plugin.hpp>

namespace pulse {

/// The sampler has taken a sample; the handle leads to a `pulse_sample`.
struct sample_taken {
  commy_handle sample;
};

}  // namespace pulse

// The layout texts are those of the structs that the programs of the sample
// send; the plugin would not get messages that look different.
template <>
struct commy::plugin_message<pulse::sample_taken> {
  static constexpr std::string_view layout =
      "pulse::sample_taken {sample: handle @0} 16";
};
template <>
struct commy::plugin_message<pulse_alarm_report> {
  static constexpr std::string_view layout =
      "pulse_alarm_report {kind: u32 @0, raised: u32 @4, value: f64 @8, "
      "limit: f64 @16, since_ns: u64 @24, text: char[64] @32} 96";
};
template <>
struct commy::plugin_message<commy_alarm> {
  static constexpr std::string_view layout = COMMY_ALARM_LAYOUT;
};
