// commy/host/alarm_message.h: an alarm, as plugins and processes send it.
//
// Goes to the actor COMMY_ALARM_ACTOR, which every host has. The host checks
// it, logs it and publishes it as a commy::alarm_event.
#pragma once

#include <stdint.h>

#define COMMY_ALARM_ACTOR "commy.alarms"
#define COMMY_ALARM_TEXT_BYTES 32

struct commy_alarm {
  uint64_t at_ns; /* Unix time. */
  double value;   /* What was measured, in the unit of the limit. */
  double limit;
  uint32_t raised; /* 1: it is raised, 0: it is over. */
  uint32_t reserved;
  char what[COMMY_ALARM_TEXT_BYTES];   /* What crossed, ended by a NUL. */
  char source[COMMY_ALARM_TEXT_BYTES]; /* Who says so, ended by a NUL. */
};

/* Its layout text; see commy_message in plugin.h. */
#define COMMY_ALARM_LAYOUT                                      \
  "commy_alarm {at_ns: u64 @0, value: f64 @8, limit: f64 @16, " \
  "raised: u32 @24, reserved: u32 @28, what: char[32] @32, "    \
  "source: char[32] @64} 96"
