#include "pulse/sampler/measure.hpp"

#include <gsl/gsl>

#include <algorithm>
#include <chrono>

namespace pulse {
namespace {

using value_list = std::vector<std::pair<std::string, double>>;

void measure_cpus(const proc::cpu_times& before, const proc::cpu_times& now,
                  pulse_sample& sample, value_list& values) {
  sample.point.cpu_percent = proc::busy_percent(before.all, now.all);
  values.emplace_back("cpu.total", sample.point.cpu_percent);
  for (const auto& cpu : now.each) {
    if (cpu.number >= PULSE_CPUS) continue;
    const auto same =
        std::ranges::find(before.each, cpu.number, &proc::numbered_cpu::number);
    // One that has just come online has no time to compare with.
    if (same == before.each.end()) continue;
    const auto percent = proc::busy_percent(same->ticks, cpu.ticks);
    sample.cpu_each[cpu.number] = percent;
    sample.cpu_count = std::max(sample.cpu_count, cpu.number + 1);
    values.emplace_back("cpu." + std::to_string(cpu.number), percent);
  }
}

/// `kind` is the first part of the names, `in` and `out` the last ones.
void add_rates(const proc::traffic_rates& rates, const std::string& kind,
               const std::string& in, const std::string& out,
               value_list& values) {
  values.emplace_back(kind + ".total." + in, rates.in);
  values.emplace_back(kind + ".total." + out, rates.out);
  for (const auto& device : rates.each) {
    values.emplace_back(kind + "." + device.name + "." + in, device.in);
    values.emplace_back(kind + "." + device.name + "." + out, device.out);
  }
}

}  // namespace

measurement measure(const proc::machine_reading& before,
                    const proc::machine_reading& now,
                    std::span<const pulse_process> busiest,
                    std::uint64_t number) {
  Expects(now.at > before.at);
  Expects(busiest.size() <= PULSE_TOP);
  measurement made;
  auto& sample = made.sample;
  auto& point = sample.point;
  auto& values = made.values;

  point.number = number;
  values.emplace_back("sample.number", static_cast<double>(number));
  point.taken_ns = static_cast<std::uint64_t>(
      std::chrono::nanoseconds{now.clock.time_since_epoch()}.count());
  measure_cpus(before.cpu, now.cpu, sample, values);

  point.memory_used_bytes = now.memory.used_bytes();
  point.memory_total_bytes = now.memory.total_bytes;
  values.emplace_back("memory.used_bytes",
                      static_cast<double>(point.memory_used_bytes));
  values.emplace_back("memory.total_bytes",
                      static_cast<double>(point.memory_total_bytes));

  const auto seconds =
      std::chrono::duration<double>{now.at - before.at}.count();
  const auto net = proc::rates_between(before.network, now.network, seconds);
  point.net_rx_bytes_per_s = net.in;
  point.net_tx_bytes_per_s = net.out;
  add_rates(net, "net", "rx_bytes_per_s", "tx_bytes_per_s", values);
  const auto disk = proc::rates_between(before.disks, now.disks, seconds);
  point.disk_read_bytes_per_s = disk.in;
  point.disk_write_bytes_per_s = disk.out;
  add_rates(disk, "disk", "read_bytes_per_s", "write_bytes_per_s", values);

  point.process_count = now.process_count;
  values.emplace_back("process.count",
                      static_cast<double>(point.process_count));
  sample.top_count = static_cast<std::uint32_t>(busiest.size());
  std::ranges::copy(busiest, sample.top);
  for (const auto& process : busiest) {
    values.emplace_back(
        "process." + std::to_string(process.pid) + ".cpu_percent",
        process.cpu_percent);
  }
  return made;
}

}  // namespace pulse
