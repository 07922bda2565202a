#include "pulse/messages.hpp"

#include "pulse/alarm_link.hpp"
#include "support/test_folder.hpp"
#include <commy/message/inbox.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace pulse;

TEST_CASE("messages look as the plugin alarm expects them") {
  // It is built without this header and knows these texts by heart.
  CHECK(commy::wire_layout<sample_taken>() ==
        "pulse::sample_taken {sample: handle @0} 16");
  CHECK(commy::wire_layout<pulse_alarm_report>() ==
        "pulse_alarm_report {kind: u32 @0, raised: u32 @4, value: f64 @8, "
        "limit: f64 @16, since_ns: u64 @24, text: char[64] @32} 96");
}

TEST_CASE("a sample reaches the actor as a loan, a report as a copy") {
  const commy::test::test_folder folder;
  auto segment =
      commy::segment::create("pulse", commy::test::in_folder(folder)).value();
  auto other =
      commy::segment::open("pulse", commy::test::in_folder(folder)).value();
  alarm_link link{segment, "test"};
  pulse_sample sample{};
  sample.point.number = 7;
  CHECK_FALSE(link.send(sample));  // Nobody is there.

  auto inbox = commy::message::inbox::open(other).value();
  inbox.publish(alarm_actor).value();
  CHECK(link.send(sample));
  CHECK(link.send(pulse_alarm_report{PULSE_ALARM_CPU, 1, 95, 90, 5, "hot"}));

  {
    const auto first = inbox.try_take();
    REQUIRE(first);
    CHECK(first->target() == alarm_actor);
    const auto taken = first->as<sample_taken>();
    REQUIRE(taken);
    const auto loan = first->adopt<pulse_sample>(taken->sample).value();
    CHECK(loan->point.number == 7);
  }
  const auto second = inbox.try_take();
  REQUIRE(second);
  CHECK(second->as<pulse_alarm_report>().value().value == 95);
}
