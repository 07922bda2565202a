#include "pulse/sampler/measure.hpp"

#include "pulse/sampler/process_window.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>

using namespace pulse;
using namespace std::chrono_literals;
using Catch::Approx;

namespace {

constexpr double hz = 100;

proc::process_times process(std::uint32_t pid, std::uint64_t ticks,
                            std::uint64_t started = 1) {
  proc::process_times made;
  made.pid = pid;
  made.thread_count = 1;
  made.ticks = ticks;
  made.started_ticks = started;
  made.name[0] = 'p';
  return made;
}

proc::machine_reading reading(std::chrono::milliseconds at,
                              std::vector<proc::process_times> processes = {}) {
  proc::machine_reading made;
  made.at = std::chrono::steady_clock::time_point{at};
  made.clock = std::chrono::system_clock::time_point{at};
  made.process_count = processes.size();
  made.processes = std::move(processes);
  return made;
}

double value_of(const measurement& made, std::string_view name) {
  const auto found = std::ranges::find(made.values, name,
                                       &std::pair<std::string, double>::first);
  return found == made.values.end() ? -1 : found->second;
}

}  // namespace

TEST_CASE("a sample and its named values say the same") {
  auto before = reading(0ms);
  auto now = reading(500ms, {process(7, 3)});
  before.cpu.all.spent = {10, 0, 0, 10};
  now.cpu.all.spent = {13, 0, 0, 11};
  before.cpu.each = {{0, {{5, 0, 0, 5}}}, {2, {{5, 0, 0, 5}}}};
  now.cpu.each = {{0, {{7, 0, 0, 5}}}, {2, {{6, 0, 0, 6}}}, {3, {}}};
  now.memory = {1000, 400};
  before.network = {{"eth0", 0, 0}};
  now.network = {{"eth0", 50, 5}};
  before.disks = {{"vda", 512, 0}};
  now.disks = {{"vda", 1024, 512}};
  const pulse_process busy{7, 1, 12.5, "p"};

  const auto made = measure(before, now, {&busy, 1}, 42);

  const auto& point = made.sample.point;
  CHECK(point.number == 42);
  CHECK(point.taken_ns == 500'000'000);
  CHECK(point.cpu_percent == Approx(75));
  CHECK(made.sample.cpu_count == 3);
  CHECK(made.sample.cpu_each[0] == Approx(100));
  CHECK(made.sample.cpu_each[2] == Approx(50));
  CHECK(point.memory_used_bytes == 600);
  CHECK(point.net_rx_bytes_per_s == Approx(100));
  CHECK(point.disk_write_bytes_per_s == Approx(1024));
  CHECK(point.process_count == 1);
  CHECK(made.sample.top_count == 1);
  CHECK(made.sample.top[0].pid == 7);

  CHECK(value_of(made, "sample.number") == 42);
  CHECK(value_of(made, "cpu.total") == point.cpu_percent);
  CHECK(value_of(made, "cpu.2") == made.sample.cpu_each[2]);
  CHECK(value_of(made, "cpu.3") == -1);  // Just came online.
  CHECK(value_of(made, "memory.used_bytes") == 600);
  CHECK(value_of(made, "net.eth0.rx_bytes_per_s") == Approx(100));
  CHECK(value_of(made, "net.total.tx_bytes_per_s") == Approx(10));
  CHECK(value_of(made, "disk.vda.read_bytes_per_s") == Approx(1024));
  CHECK(value_of(made, "process.count") == 1);
  CHECK(value_of(made, "process.7.cpu_percent") == 12.5);
}

TEST_CASE("CPUs beyond the room of a sample are in the total alone") {
  auto before = reading(0ms);
  auto now = reading(100ms);
  before.cpu.each = {{PULSE_CPUS, {}}};
  now.cpu.each = {{PULSE_CPUS, {{1}}}};

  const auto made = measure(before, now, {}, 1);

  CHECK(made.sample.cpu_count == 0);
  CHECK(value_of(made, "cpu.64") == -1);
}

TEST_CASE("a process's load is that of the last second") {
  process_window window{hz};
  CHECK(window.add(reading(0ms, {process(1, 0)})).empty());
  for (int i = 1; i <= 30; ++i) {
    const auto ticks = static_cast<std::uint64_t>(i <= 10 ? 10 * i : 100);
    const auto top = window.add(reading(i * 100ms, {process(1, ticks)}));
    if (i <= 10) {
      REQUIRE(top.size() == 1);
      CHECK(top[0].cpu_percent == Approx(100));
    }
    if (i == 15) CHECK(top.at(0).cpu_percent == Approx(50));
    if (i >= 20) CHECK(top.empty());
  }
}

TEST_CASE("a pid that is used again is another process") {
  process_window window{hz};
  window.add(reading(0ms, {process(5, 1000, 1)}));

  CHECK(window.add(reading(100ms, {process(5, 2000, 77)})).empty());
  const auto top = window.add(reading(200ms, {process(5, 2005, 77)}));

  REQUIRE(top.size() == 1);
  CHECK(top[0].cpu_percent == Approx(50));
}

TEST_CASE("the busiest processes come first, and no more than fit") {
  process_window window{hz};
  std::vector<proc::process_times> before;
  std::vector<proc::process_times> now;
  for (std::uint32_t pid = 1; pid <= 50; ++pid) {
    before.push_back(process(pid, 0));
    now.push_back(process(pid, pid % 20));
  }
  window.add(reading(0ms, before));

  const auto top = window.add(reading(1s, now));

  REQUIRE(top.size() == PULSE_TOP);
  CHECK(top[0].cpu_percent == Approx(19));
  CHECK(std::ranges::is_sorted(top, std::ranges::greater{},
                               &pulse_process::cpu_percent));
}

TEST_CASE("a process that has vanished is not among the busiest") {
  process_window window{hz};
  window.add(reading(0ms, {process(1, 0), process(2, 0)}));

  const auto top = window.add(reading(100ms, {process(2, 1)}));

  REQUIRE(top.size() == 1);
  CHECK(top[0].pid == 2);
}
