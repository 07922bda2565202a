#include <commy/actor/actor_system.hpp>
#include <commy/host/alarm_inbox.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

namespace {

commy_alarm sample_alarm() {
  commy_alarm alarm{};
  alarm.at_ns = 5;
  alarm.value = 97.5;
  alarm.limit = 90;
  alarm.raised = 1;
  std::strcpy(alarm.what, "cpu");
  std::strcpy(alarm.source, "ana\x1b[31mlyst");
  return alarm;
}

}  // namespace

TEST_CASE("the layout of alarms that plugins know is the host's own") {
  CHECK(commy::wire_layout<commy_alarm>() == COMMY_ALARM_LAYOUT);
}

TEST_CASE("an alarm that is sent to the host is published") {
  commy::event_channel<commy::alarm_event> channel;
  std::vector<commy::alarm_event> seen;
  const auto held = channel.subscribe(
      [&](const commy::alarm_event& event) { seen.push_back(event); });
  {
    commy::actor_system system;
    system.spawn<commy::host::alarm_inbox>(COMMY_ALARM_ACTOR, channel);
    const auto alarm = sample_alarm();
    REQUIRE(system.deliver(COMMY_ALARM_ACTOR, commy::wire_id<commy_alarm>(),
                           std::as_bytes(std::span{&alarm, 1})));
    CHECK(system.shutdown(std::chrono::seconds{20}).empty());
  }
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].what == "cpu");
  CHECK(seen[0].source == "ana?[31mlyst");
  CHECK(seen[0].raised);
  CHECK(seen[0].value == 97.5);
}

TEST_CASE("an alarm that makes no sense is dropped") {
  commy::event_channel<commy::alarm_event> channel;
  int seen = 0;
  const auto held = channel.subscribe([&](const auto&) { ++seen; });
  {
    commy::actor_system system;
    const auto inbox =
        system.spawn<commy::host::alarm_inbox>(COMMY_ALARM_ACTOR, channel);
    auto infinite = sample_alarm();
    infinite.value = std::numeric_limits<double>::infinity();
    CHECK(inbox.tell(infinite));
    auto half_raised = sample_alarm();
    half_raised.raised = 2;
    CHECK(inbox.tell(half_raised));
    auto endless = sample_alarm();
    std::memset(endless.what, 'x', sizeof(endless.what));
    CHECK(inbox.tell(endless));
    CHECK(system.shutdown(std::chrono::seconds{20}).empty());
  }
  CHECK(seen == 1);
}
