// samples/pulse/sample.hpp: the structs of sample.h, as Commy knows them.
#pragma once

#include "pulse/sample.h"

#include <boost/describe.hpp>

BOOST_DESCRIBE_STRUCT(pulse_point, (),
                      (number, taken_ns, cpu_percent, memory_used_bytes,
                       memory_total_bytes, net_rx_bytes_per_s,
                       net_tx_bytes_per_s, disk_read_bytes_per_s,
                       disk_write_bytes_per_s, process_count))
BOOST_DESCRIBE_STRUCT(pulse_process, (), (pid, thread_count, cpu_percent, name))
BOOST_DESCRIBE_STRUCT(pulse_sample, (),
                      (point, cpu_count, top_count, cpu_each, top))
BOOST_DESCRIBE_STRUCT(pulse_top, (), (number, count, list))
BOOST_DESCRIBE_STRUCT(pulse_alarm_report, (),
                      (kind, raised, value, limit, since_ns, text))

static_assert(sizeof(pulse_point) == 80);
static_assert(sizeof(pulse_process) == 40);
static_assert(sizeof(pulse_sample) == 80 + 8 + 8 * PULSE_CPUS + 40 * PULSE_TOP);
static_assert(sizeof(pulse_top) == 16 + 40 * PULSE_TOP);
static_assert(sizeof(pulse_alarm_report) == 32 + PULSE_TEXT_BYTES);
