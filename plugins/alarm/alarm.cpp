// The plugin `alarm`: samples and reports come in, alarms go out.
//
// Its actor "pulse.alarm" is told of each sample by the sampler and of changes
// in the averages by the analyst, both other processes. What it says goes to
// the actor named by the option `report_to`.
#include "messages.hpp"
#include "rule.hpp"

#include <cmath>
#include <string>
#include <string_view>

namespace pulse {
namespace {

template <std::size_t Size>
void put(char (&field)[Size], std::string_view text) {
  const auto size = text.size() < Size ? text.size() : Size - 1;
  text.copy(field, size);
  field[size] = '\0';
}

rule::settings read_settings(const commy::plugin_host& host) {
  const double limit = host.number("cpu_limit");
  return {limit, limit * host.number("cpu_clear_at"),
          static_cast<std::uint32_t>(host.integer("hold"))};
}

class alarm_actor {
public:
  using protocol = commy::plugin_messages<sample_taken, pulse_alarm_report>;

  alarm_actor(commy::plugin_host host, std::string_view name)
      : host_{host},
        name_{name},
        report_to_{host.text("report_to")},
        settings_{read_settings(host)},
        cpu_{settings_} {}

  void on(const sample_taken& message) {
    const auto* const sample = host_.resolve<pulse_sample>(message.sample);
    if (sample == nullptr) {
      // The sampler may have died since; the next sample is 100 ms away.
      host_.debug("a sample was gone before it could be read");
      return;
    }
    const double value = sample->point.cpu_percent;
    if (const auto change = cpu_.update(value)) {
      tell("cpu", *change, value, settings_.limit, sample->point.taken_ns);
    }
  }

  // The analyst has its own rule over averages; only changes are passed on.
  void on(const pulse_alarm_report& report) {
    const bool sane = report.kind == PULSE_ALARM_CPU && report.raised <= 1 &&
                      std::isfinite(report.value) &&
                      std::isfinite(report.limit);
    if (!sane) {
      throw commy::plugin_failure{"a report of the analyst makes no sense"};
    }
    const bool raised = report.raised == 1;
    if (raised == average_raised_) return;
    average_raised_ = raised;
    tell("cpu average", raised, report.value, report.limit, report.since_ns);
  }

private:
  void tell(std::string_view what, bool raised, double value, double limit,
            std::uint64_t at_ns) {
    commy_alarm message{};
    message.at_ns = at_ns;
    message.value = value;
    message.limit = limit;
    message.raised = raised ? 1 : 0;
    put(message.what, what);
    put(message.source, name_);
    if (const auto sent = host_.send(report_to_, message); !sent) {
      host_.warning("an alarm could not be sent to " + report_to_ + ": " +
                    sent.text);
    }
  }

  commy::plugin_host host_;
  std::string name_;
  std::string report_to_;
  rule::settings settings_;
  rule cpu_;
  bool average_raised_ = false;
};

}  // namespace
}  // namespace pulse

COMMY_PLUGIN(alarm, "1.0.0") {
  plugin.summary("Raises alarms from the samples of the pulse sample")
      .actor<pulse::alarm_actor>("pulse.alarm")
      .option({.name = "cpu_limit",
               .kind = COMMY_OPTION_NUMBER,
               .summary = "Percent of all CPUs from which on it is an alarm",
               .standard = "90",
               .minimum = "0",
               .maximum = "100"})
      .option({.name = "cpu_clear_at",
               .kind = COMMY_OPTION_NUMBER,
               .summary = "Part of cpu_limit below which the alarm is over",
               .standard = "0.9",
               .minimum = "0",
               .maximum = "1"})
      .option({.name = "hold",
               .kind = COMMY_OPTION_INTEGER,
               .summary = "Samples in a row that it takes either way",
               .standard = "5",
               .minimum = "1",
               .maximum = "6000"})
      .option({.name = "report_to",
               .summary = "The actor that alarms are sent to",
               .standard = COMMY_ALARM_ACTOR,
               .minimum = "1",
               .maximum = "128"});
}
