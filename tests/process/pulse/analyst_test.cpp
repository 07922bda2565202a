#include "pulse_child.hpp"
#include "support/test_folder.hpp"
#include <commy/message/inbox.hpp>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <pulse/messages.hpp>
#include <pulse/sampler/recorder.hpp>

using namespace pulse;
using namespace std::chrono_literals;
using commy::test::test_folder;

namespace {

/// The test plays the sampler, and the host that is told of alarms.
struct world {
  test_folder folder;
  commy::segment segment =
      commy::segment::create("demo/pulse", {.capacity = 64U << 20U,
                                            .folder = folder.path(),
                                            .participant = "test"})
          .value();
  recorder out = recorder::open(segment, 6000).value();
  commy::message::inbox inbox = commy::message::inbox::open(segment).value();
  analysis_box box =
      segment.open_or_create<analysis_box>(analysis_name).value();

  world() { inbox.publish(alarm_actor).value(); }

  auto start_analyst(const std::string& limit = "50") {
    return start_program(PULSE_ANALYST,
                         {"--folder", folder.path(), "--cpu-limit", limit});
  }
  /// Samples of the next tenths of a second.
  void take(int count, double cpu_percent) {
    for (int i = 0; i < count; ++i) {
      measurement made;
      made.sample.point.number = out.next_number();
      made.sample.point.taken_ns =
          1'000'000'000'000 + 100'000'000 * out.next_number();
      made.sample.point.cpu_percent = cpu_percent;
      made.sample.point.memory_total_bytes = 100;
      made.sample.point.memory_used_bytes = 30;
      out.record(made).value();
    }
  }
  /// The analysis once it has come as far as the samples have.
  analysis caught_up() {
    analysis found;
    REQUIRE(comes_true([&] {
      found = box.get().value();
      return found.number + 1 == out.next_number();
    }));
    return found;
  }
  /// The next report to the host; a raised one or its end.
  std::uint32_t next_report() {
    REQUIRE(inbox.wait(std::chrono::steady_clock::now() + healthy_time));
    return inbox.try_take().value().as<pulse_alarm_report>().value().raised;
  }
};

}  // namespace

TEST_CASE("the analyst averages samples and reports an alarm and its end") {
  world w;
  auto analyst = w.start_analyst();
  w.take(20, 20);
  auto found = w.caught_up();
  CHECK(found.cpu_percent.over_1s == Catch::Approx(20));
  CHECK(found.memory_percent.over_60s == Catch::Approx(30));
  CHECK(found.cpu_limit_percent == 50);
  CHECK(found.alarm_count == 0);

  w.take(20, 90);
  CHECK(w.next_report() == 1);
  found = w.caught_up();
  CHECK(found.alarm_count == 1);
  CHECK(found.alarms[0].until_ns == 0);

  w.take(20, 10);
  CHECK(w.next_report() == 0);
  CHECK(w.caught_up().alarms[0].until_ns != 0);

  analyst.terminate();
  CHECK(analyst.wait_for(healthy_time) == exited(0));
}

TEST_CASE("an analyst that is killed loses no alarm and raises none twice") {
  world w;
  auto first = w.start_analyst();
  w.take(20, 90);
  CHECK(w.next_report() == 1);
  w.caught_up();
  first.kill();
  CHECK(first.wait_for(healthy_time) == killed);

  w.take(5, 90);  // While nobody watches.
  auto second = w.start_analyst();
  w.take(5, 90);
  CHECK(w.caught_up().alarm_count == 1);
  w.take(20, 0);

  CHECK(w.next_report() == 0);
  CHECK(w.caught_up().alarm_count == 1);
}

TEST_CASE("an analyst without a host that listens still keeps its analysis") {
  world w;
  w.inbox.withdraw(alarm_actor);
  auto analyst = w.start_analyst();

  w.take(20, 90);

  CHECK(w.caught_up().alarm_count == 1);
  CHECK_FALSE(analyst.try_wait());
}

TEST_CASE("an analyst shows that it lives also while no sample comes") {
  world w;
  auto analyst = w.start_analyst();
  const auto beat = [&]() -> std::uint64_t {
    for (const auto& p : w.segment.participants()) {
      if (p.pid == analyst.pid()) return p.heartbeat_ns;
    }
    return 0;
  };
  std::uint64_t seen = 0;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(comes_true([&] { return beat() > seen; }));
    seen = beat();
  }
}
