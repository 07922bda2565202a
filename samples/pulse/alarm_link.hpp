// samples/pulse/alarm_link.hpp: the way to the actor that judges samples.
#pragma once

#include "pulse/messages.hpp"
#include <commy/memory/segment.hpp>
#include <commy/message/remote_address.hpp>

#include <optional>
#include <string>

namespace pulse {

/// Sends to the actor "alarm" in the host, if it is there: measuring goes on
/// without it. What keeps messages from it is logged when it changes, not each
/// time. Threads: one at a time.
class alarm_link {
public:
  /// `area` is what the log calls this program.
  alarm_link(commy::segment shared, std::string_view area)
      : shared_{std::move(shared)}, area_{area} {}

  /// Hands a sample over. Never waits; answers whether it was sent.
  bool send(const pulse_sample& sample);
  bool send(const pulse_alarm_report& report);

private:
  using address = commy::remote_address<sample_taken, pulse_alarm_report>;

  /// Finds the actor and lets `act(address)` send.
  template <class Act>
  bool with_address(Act&& act);
  void note(const std::string& trouble);

  commy::segment shared_;
  std::string_view area_;
  std::optional<address> to_;
  std::string trouble_;  // The last that was logged; empty: all is well.
};

}  // namespace pulse
