#include "pulse/proc/memory_size.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace pulse::proc;

TEST_CASE("a recorded /proc/meminfo gives memory in bytes") {
  const auto size = parse_memory_size(
      "MemTotal:       24684084 kB\n"
      "MemFree:        22692464 kB\n"
      "MemAvailable:   23795736 kB\n"
      "Buffers:            7500 kB\n"
      "HugePages_Total:       0\n");

  CHECK(size.total_bytes == 24684084ULL * 1024);
  CHECK(size.available_bytes == 23795736ULL * 1024);
  CHECK(size.used_bytes() == (24684084ULL - 23795736ULL) * 1024);
}

TEST_CASE("never more memory is available than there is") {
  // Seen in containers whose limit replaces the total alone.
  const auto size = parse_memory_size("MemTotal: 10 kB\nMemAvailable: 20 kB\n");

  CHECK(size.used_bytes() == 0);
}

TEST_CASE("a text without the two lines is no memory") {
  CHECK(parse_memory_size("").total_bytes == 0);
  CHECK(parse_memory_size("MemTotalX: 5 kB\nMemTotal\n").total_bytes == 0);
  CHECK(parse_memory_size("MemTotal: -5 kB\n").total_bytes == 0);
}

TEST_CASE("a number above what 64 bits hold does not wrap") {
  const auto size = parse_memory_size("MemTotal: 99999999999999999999 kB\n");

  CHECK(size.total_bytes > std::uint64_t{1} << 63U);
}
