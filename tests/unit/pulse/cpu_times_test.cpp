#include "pulse/proc/cpu_times.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace pulse::proc;
using Catch::Approx;

namespace {

// Of a virtual machine with two CPUs, Linux 6.1; the line `intr` is cut.
constexpr std::string_view recorded =
    "cpu  91913 0 34877 592661 3031 0 1004 1125 0 0\n"
    "cpu0 35090 0 15661 310014 617 0 42 580 0 0\n"
    "cpu1 56822 0 19216 282647 2414 0 961 545 0 0\n"
    "intr 5869821 0 0 0 0 0 0 0 0\n"
    "ctxt 21914228\n"
    "btime 1795410421\n"
    "processes 58705\n"
    "procs_running 6\n"
    "procs_blocked 0\n"
    "softirq 1295115 0 94685 4 35089 765975 0 31 188969 0 210362\n";

cpu_ticks ticks(std::uint64_t user, std::uint64_t idle,
                std::uint64_t io_wait = 0) {
  cpu_ticks made;
  made.spent[cpu_ticks::user] = user;
  made.spent[cpu_ticks::idle] = idle;
  made.spent[cpu_ticks::io_wait] = io_wait;
  return made;
}

}  // namespace

TEST_CASE("a recorded /proc/stat gives the ticks of each CPU") {
  const auto times = parse_cpu_times(recorded);

  CHECK(times.all.spent[cpu_ticks::user] == 91913);
  CHECK(times.all.spent[cpu_ticks::io_wait] == 3031);
  REQUIRE(times.each.size() == 2);
  CHECK(times.each[1].number == 1);
  CHECK(times.each[1].ticks.spent[cpu_ticks::idle] == 282647);
  CHECK(times.each[1].ticks.spent[cpu_ticks::steal] == 545);
}

TEST_CASE("CPUs keep their numbers when one between them is offline") {
  const auto times = parse_cpu_times("cpu 9 0 0 9\ncpu0 4 0 0 4\ncpu3 5 0 0 5");

  REQUIRE(times.each.size() == 2);
  CHECK(times.each[1].number == 3);
  CHECK(times.each[1].ticks.spent[cpu_ticks::user] == 5);
}

TEST_CASE("fields that an older kernel has not are zero") {
  const auto times = parse_cpu_times("cpu 1 2 3 4\n");

  CHECK(times.all.spent[cpu_ticks::idle] == 4);
  CHECK(times.all.spent[cpu_ticks::steal] == 0);
}

TEST_CASE("lines that only look like a CPU are left out") {
  CHECK(parse_cpu_times("").each.empty());
  CHECK(parse_cpu_times("cpufreq 1 2 3\ncpu99999999999 1\ncp 1\n\n\n")
            .each.empty());
}

TEST_CASE("a CPU is busy when it neither idles nor waits for a disk") {
  CHECK(busy_percent(ticks(0, 0), ticks(30, 60, 10)) == Approx(30));
  CHECK(busy_percent(ticks(5, 5), ticks(10, 5)) == Approx(100));
  CHECK(busy_percent(ticks(5, 5), ticks(5, 10)) == Approx(0));
}

TEST_CASE("no time between two readings is no load") {
  CHECK(busy_percent(ticks(5, 5), ticks(5, 5)) == 0);
}

TEST_CASE("a counter that went back counts as one that stood still") {
  // io_wait does so now and then; idle did on old kernels.
  CHECK(busy_percent(ticks(0, 0, 100), ticks(10, 10, 90)) == Approx(50));
  CHECK(busy_percent(ticks(100, 100), ticks(0, 0)) == 0);
}

TEST_CASE("counters at their limit give a load between 0 and 100") {
  constexpr auto most = ~std::uint64_t{0};
  const auto load = busy_percent(ticks(0, 0, 0), ticks(most, most, most));

  CHECK(load == Approx(100.0 / 3));
  CHECK(parse_cpu_times("cpu 99999999999999999999999 0 0 1\n")
            .all.spent[cpu_ticks::user] == most);
}
