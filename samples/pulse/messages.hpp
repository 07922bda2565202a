// samples/pulse/messages.hpp: what this sample's processes tell the host.
#pragma once

#include "pulse/sample.hpp"
#include <commy/message/loan_field.hpp>

namespace pulse {

/// The actor in the host that judges samples: that of the plugin `alarm`.
inline constexpr const char* alarm_actor = "alarm";

/// A sample was taken. It is not copied: the message names the block of shared
/// memory it lies in, which belongs to the receiver from now on.
struct sample_taken {
  commy::loan_handle sample;  // Of a `pulse_sample`.
};
BOOST_DESCRIBE_STRUCT(sample_taken, (), (sample))

}  // namespace pulse
