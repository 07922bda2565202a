#include "messages.hpp"
#include <commy/host/plugin_test.hpp>

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <map>
#include <stdexcept>
#include <string>

extern "C" const commy_plugin_table* commy_plugin_alarm();

namespace {

pulse_sample sample_with(double cpu_percent, std::uint64_t taken_ns = 1) {
  pulse_sample sample{};
  sample.point.cpu_percent = cpu_percent;
  sample.point.taken_ns = taken_ns;
  return sample;
}

struct fixture {
  explicit fixture(std::map<std::string, std::string> options = {{"hold", "2"}})
      : host{commy_plugin_alarm(), std::move(options)},
        actor{host.create("pulse.alarm", "alarm")} {}

  commy_status sample(double cpu_percent, std::uint64_t taken_ns = 1) {
    return actor.handle(
        pulse::sample_taken{host.lend(sample_with(cpu_percent, taken_ns))});
  }
  std::vector<commy_alarm> alarms() const { return host.sent<commy_alarm>(); }

  commy::plugin_test_host host;
  commy::plugin_test_actor actor;
};

}  // namespace

TEST_CASE("samples above the limit raise one alarm, which is cleared again") {
  fixture f;
  for (const double cpu : {50, 95, 96, 97, 85, 79, 70, 60}) {
    CHECK(f.sample(cpu, static_cast<std::uint64_t>(cpu)) == COMMY_OK);
  }
  REQUIRE(f.alarms().size() == 2);
  const auto raised = f.alarms()[0];
  CHECK(raised.raised == 1);
  CHECK(raised.value == 96);
  CHECK(raised.limit == 90);
  CHECK(raised.at_ns == 96);
  CHECK(std::string{raised.what} == "cpu");
  CHECK(std::string{raised.source} == "alarm");
  CHECK(f.alarms()[1].raised == 0);
  CHECK(f.alarms()[1].value == 70);
  CHECK(f.host.receivers()[0] == COMMY_ALARM_ACTOR);
}

TEST_CASE("alarms go to the actor the options name") {
  fixture f{{{"hold", "1"}, {"report_to", "siren"}, {"cpu_limit", "10"}}};
  CHECK(f.sample(11) == COMMY_OK);
  CHECK(f.host.receivers() == std::vector<std::string>{"siren"});
}

TEST_CASE("a sample that is gone changes nothing") {
  fixture f{{{"hold", "1"}}};
  const auto handle = f.host.lend(sample_with(99));
  f.host.forget(handle);
  CHECK(f.actor.handle(pulse::sample_taken{handle}) == COMMY_OK);
  CHECK(f.alarms().empty());
}

TEST_CASE("a block that is too small for a sample is not read") {
  fixture f{{{"hold", "1"}}};
  const auto handle = f.host.lend(std::uint64_t{99});
  CHECK(f.actor.handle(pulse::sample_taken{handle}) == COMMY_OK);
  CHECK(f.alarms().empty());
}

TEST_CASE("an alarm that nobody takes is logged and the actor goes on") {
  fixture f{{{"hold", "1"}}};
  f.host.answer_sends_with(COMMY_REFUSED);
  CHECK(f.sample(99) == COMMY_OK);
  REQUIRE(f.host.logged().size() == 1);
  CHECK(f.host.logged()[0].find("could not be sent to commy.alarms") !=
        std::string::npos);
}

TEST_CASE("changes in the analyst's reports are passed on once") {
  fixture f;
  pulse_alarm_report report{};
  report.kind = PULSE_ALARM_CPU;
  report.raised = 1;
  report.value = 88;
  report.limit = 85;
  report.since_ns = 7;
  CHECK(f.actor.handle(report) == COMMY_OK);
  CHECK(f.actor.handle(report) == COMMY_OK);
  report.raised = 0;
  CHECK(f.actor.handle(report) == COMMY_OK);
  REQUIRE(f.alarms().size() == 2);
  CHECK(std::string{f.alarms()[0].what} == "cpu average");
  CHECK(f.alarms()[0].at_ns == 7);
  CHECK(f.alarms()[1].raised == 0);
}

TEST_CASE("a report that makes no sense is a failure") {
  fixture f;
  pulse_alarm_report report{};
  report.kind = PULSE_ALARM_CPU;
  report.value = std::numeric_limits<double>::quiet_NaN();
  CHECK(f.actor.handle(report) == COMMY_FAILED);
  CHECK(f.actor.error() == "a report of the analyst makes no sense");
  CHECK(f.alarms().empty());
}

TEST_CASE("an alarm is over below its part of the limit, whatever that is") {
  fixture f{{{"hold", "1"}, {"cpu_limit", "10"}, {"cpu_clear_at", "0.5"}}};
  for (const double value : {11.0, 6.0, 4.0}) {
    CHECK(f.sample(value) == COMMY_OK);
  }
  REQUIRE(f.alarms().size() == 2);
  CHECK(f.alarms()[1].value == 4);
}
