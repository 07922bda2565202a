#include "pulse/proc/machine.hpp"

#include "support/test_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace pulse::proc;
using commy::test::test_folder;

namespace {

void write_file(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(
      std::filesystem::path{path}.parent_path());
  std::ofstream{path} << text;
}

/// The least a machine has.
void write_machine(const test_folder& proc) {
  write_file(proc / "stat", "cpu 1 0 0 9\ncpu0 1 0 0 9\n");
  write_file(proc / "meminfo", "MemTotal: 100 kB\nMemAvailable: 40 kB\n");
}

}  // namespace

TEST_CASE("a look at this machine finds its CPUs, memory and processes") {
  const auto now = machine_reader{}.look().value();

  CHECK_FALSE(now.cpu.each.empty());
  CHECK(now.memory.total_bytes > now.memory.available_bytes);
  CHECK(now.process_count >= now.processes.size());
  CHECK(std::ranges::is_sorted(now.processes, {}, &process_times::pid));
  // This test is one of them.
  CHECK(std::ranges::any_of(now.processes, [](const auto& p) {
    return std::string_view{p.name.data()} == "pulse_test";
  }));
}

TEST_CASE("what a machine has not is empty") {
  const test_folder proc;
  write_machine(proc);

  const auto now = machine_reader{proc.path()}.look().value();

  CHECK(now.network.empty());
  CHECK(now.disks.empty());
  CHECK(now.process_count == 0);
}

TEST_CASE("a process that vanishes while one looks is left out") {
  const test_folder proc;
  write_machine(proc);
  write_file(proc / "17/stat",
             "17 (good) R 0 0 0 0 0 0 0 0 0 0 3 4 0 0 20 0 1 0 5 0 0\n");
  std::filesystem::create_directory(proc / "18");  // Without `stat`.
  write_file(proc / "19/stat", "");
  std::filesystem::create_directory(proc / "self");

  const auto now = machine_reader{proc.path()}.look().value();

  CHECK(now.process_count == 3);
  REQUIRE(now.processes.size() == 1);
  CHECK(now.processes[0].pid == 17);
}

TEST_CASE("without /proc the error names the file and the reason") {
  const test_folder proc;

  const auto now = machine_reader{proc.path()}.look();

  REQUIRE_FALSE(now);
  CHECK(now.error() == machine_error::unreadable);
  CHECK(now.error().message().find(proc / "stat") == 0);
  CHECK(now.error().message().find("No such file") != std::string::npos);
}

TEST_CASE("a /proc of another system is refused by name") {
  const test_folder proc;
  write_machine(proc);
  write_file(proc / "meminfo", "nothing known\n");

  const auto now = machine_reader{proc.path()}.look();

  REQUIRE_FALSE(now);
  CHECK(now.error() == machine_error::nonsense);
  CHECK(now.error().message().find(proc / "meminfo") == 0);
}

TEST_CASE("a file longer than one read is read whole") {
  const test_folder proc;
  write_machine(proc);
  std::string text = "cpu 1 0 0 9\n";
  for (int i = 0; i < 2000; ++i) {
    text += "cpu" + std::to_string(i) + " 1 0 0 9 0 0 0 0 0 0\n";
  }
  write_file(proc / "stat", text);

  CHECK(machine_reader{proc.path()}.look().value().cpu.each.size() == 2000);
}
