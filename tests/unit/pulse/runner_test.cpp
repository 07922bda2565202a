#include "pulse/runner/format.hpp"
#include "pulse/runner/latency.hpp"
#include "pulse/runner/probe.hpp"
#include "support/test_folder.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace pulse;
using namespace std::chrono_literals;
using Catch::Approx;

TEST_CASE("percentiles are right to some six percent at any size") {
  for (const double scale : {1.0, 1000.0, 1e9}) {
    latency times;
    for (int i = 1; i <= 1000; ++i) {
      times.add(static_cast<std::uint64_t>(scale * i));
    }
    CHECK(times.count() == 1000);
    for (const double percent : {0.1, 1.0, 50.0, 99.0, 100.0}) {
      const auto exact = scale * 10 * percent;
      CAPTURE(scale, percent);
      CHECK(static_cast<double>(times.percentile(percent)) >= exact);
      CHECK(static_cast<double>(times.percentile(percent)) <= 1.065 * exact);
    }
  }
}

TEST_CASE("percentiles of nothing are zero and of the extremes themselves") {
  latency times;
  CHECK(times.percentile(99) == 0);
  times.add(0);
  CHECK(times.percentile(99) == 0);
  times.add(~std::uint64_t{0});
  CHECK(times.percentile(99) == ~std::uint64_t{0});
}

TEST_CASE("numbers are shown with three digits and a unit") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(999.4) == "999 B");
  CHECK(bytes_text(999.6) == "1.00 kB");
  CHECK(bytes_text(17'340) == "17.3 kB");
  CHECK(bytes_text(99'960) == "100 kB");
  CHECK(bytes_text(25e9) == "25.0 GB");
  CHECK(bytes_text(3e18) == "3000000 TB");
  CHECK(count_text(1'234'567) == "1.23 M");
  CHECK(count_text(12) == "12");
  CHECK(time_text(85ns) == "85 ns");
  CHECK(time_text(1200ns) == "1.20 us");
  CHECK(time_text(20ms) == "20.0 ms");
}

TEST_CASE("the probe measures what it did, and does it for real") {
  const commy::test::test_folder folder;
  auto segment =
      commy::segment::create("pulse", commy::test::in_folder(folder)).value();
  segment.create<now_map>(now_name)
      .value()
      .insert_or_assign("cpu.total", 1)
      .value();
  auto load = probe::open(segment).value();

  load.measure().value();

  const auto made =
      segment.open<commy::shared_box<std::uint64_t>>(probe::object_name)
          .value()
          .get()
          .value();
  CHECK(made == load.transactions().count + load.transactions().each.count());
  CHECK(load.reads().count > 0);
  CHECK(
      load.transactions().per_second() ==
      Approx(static_cast<double>(load.transactions().count) /
             std::chrono::duration<double>{load.transactions().took}.count()));
  CHECK(load.reads().each.percentile(50) <= load.reads().each.percentile(99));
}
