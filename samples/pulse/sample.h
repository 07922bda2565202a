/* samples/pulse/sample.h: one measurement of the machine, for all programs.
 *
 * Plain C with fixed widths and no holes, so that the sampler, the analyst and
 * a plugin built by another compiler see the same bytes. sample.hpp describes
 * these structs to Commy.
 */
#ifndef PULSE_SAMPLE_H
#define PULSE_SAMPLE_H

#include <stdint.h>

#define PULSE_CPUS 64       /* CPUs with a number of their own. */
#define PULSE_TOP 8         /* Processes that a sample names. */
#define PULSE_NAME_BYTES 24 /* Of a process's name, ended by a NUL. */
#define PULSE_TEXT_BYTES 64 /* Of a sentence, ended by a NUL. */

/* What the history keeps of each sample. Rates are those of the time since the
 * sample before. */
struct pulse_point {
  uint64_t number;    /* From 1 on; a restarted sampler goes on counting. */
  uint64_t taken_ns;  /* Unix time. */
  double cpu_percent; /* Of all CPUs together: 0 to 100. */
  uint64_t memory_used_bytes; /* What programs cannot get any more. */
  uint64_t memory_total_bytes;
  double net_rx_bytes_per_s; /* See proc/network.hpp for what is counted. */
  double net_tx_bytes_per_s;
  double disk_read_bytes_per_s; /* See proc/disks.hpp. */
  double disk_write_bytes_per_s;
  uint64_t process_count;
};

/* One of the busiest processes. */
struct pulse_process {
  uint32_t pid;
  uint32_t thread_count;
  double cpu_percent; /* Of one CPU, in the last second: 100 is one CPU. */
  char name[PULSE_NAME_BYTES]; /* Printable ASCII; else '?'. */
};

/* A full sample, as it travels from the sampler to the host. */
struct pulse_sample {
  struct pulse_point point;
  uint32_t cpu_count; /* Used elements of `cpu_each`. */
  uint32_t top_count; /* Used elements of `top`. */
  double cpu_each[PULSE_CPUS];
  struct pulse_process top[PULSE_TOP]; /* The busiest first. */
};

/* The busiest processes alone: what the box "top" holds. */
struct pulse_top {
  uint64_t number; /* Of the sample. */
  uint64_t count;  /* Used elements of `list`. */
  struct pulse_process list[PULSE_TOP];
};

#define PULSE_ALARM_CPU 1U

/* The analyst's message to the actor "alarm" in the host: an average has
 * crossed its limit. */
struct pulse_alarm_report {
  uint32_t kind;   /* PULSE_ALARM_... */
  uint32_t raised; /* 1: above the limit since `since_ns`; 0: no longer. */
  double value;    /* In the limit's unit. */
  double limit;
  uint64_t since_ns; /* Unix time. */
  char text[PULSE_TEXT_BYTES];
};

#endif /* PULSE_SAMPLE_H */
