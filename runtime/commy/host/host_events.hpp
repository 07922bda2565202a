// commy/host/host_events.hpp: what the parts of one host tell each other.
#pragma once

#include <commy/host/event_channel.hpp>
#include <commy/host/messages/alarm_event.hpp>
#include <commy/host/messages/health.hpp>
#include <commy/host/messages/participant_event.hpp>
#include <commy/host/messages/process_event.hpp>

namespace commy {

/// One channel for each kind of event. Anyone may publish, anyone subscribe.
struct host_events {
  event_channel<process_event> processes;         // By the host itself.
  event_channel<participant_event> participants;  // By module heartbeat.
  event_channel<alarm_event> alarms;              // By whoever raises alarms.
  event_channel<health_report> health;            // By each report of health.
};

}  // namespace commy
