// commy/host/alarm_inbox.hpp: the actor that alarms are sent to.
#pragma once

#include <commy/actor/actor.hpp>
#include <commy/actor/protocol.hpp>
#include <commy/host/alarm_message.h>
#include <commy/host/event_channel.hpp>
#include <commy/host/messages/alarm_event.hpp>

#include <boost/describe.hpp>

BOOST_DESCRIBE_STRUCT(commy_alarm, (),
                      (at_ns, value, limit, raised, reserved, what, source))

namespace commy::host {

/// Logs each alarm and publishes it to all who have subscribed in this process.
/// Whoever may send to an actor of this host can raise alarms; what an alarm
/// says is checked, but not whether it is true.
class alarm_inbox : public actor {
public:
  using protocol = messages<commy_alarm>;

  explicit alarm_inbox(event_channel<alarm_event>& alarms) : alarms_{alarms} {}

  void on(const commy_alarm& alarm);

private:
  event_channel<alarm_event>& alarms_;
};

}  // namespace commy::host
