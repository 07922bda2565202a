#include <commy/host/quantity.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using namespace std::chrono_literals;
using commy::host::parse_bytes;
using commy::host::parse_duration;

TEST_CASE("a duration is a whole number and its unit") {
  CHECK(parse_duration("50ms") == 50ms);
  CHECK(parse_duration("0s") == 0s);
  CHECK(parse_duration("7ns") == 7ns);
  CHECK(parse_duration("3us") == 3us);
  CHECK(parse_duration("2min") == 2min);
  CHECK(parse_duration("1d") == 24h);
  for (const auto* text :
       {"", "5", "ms", "-5ms", "1.5s", "5 ms", "5MS", " 5ms", "5ms ", "+5ms",
        "300000d", "99999999999999999999s"}) {
    CAPTURE(text);
    CHECK(parse_duration(text) == std::nullopt);
  }
}

TEST_CASE("a size is a whole number and its unit") {
  CHECK(parse_bytes("64MiB") == std::uint64_t{64} << 20U);
  CHECK(parse_bytes("0B") == 0U);
  CHECK(parse_bytes("1TiB") == std::uint64_t{1} << 40U);
  for (const auto* text : {"64", "64MB", "64M", "64mib", "8388608TiB"}) {
    CAPTURE(text);
    CHECK(parse_bytes(text) == std::nullopt);
  }
}

TEST_CASE("quantities are printed so that they read back") {
  CHECK(commy::host::print_duration(1500ms) == "1500ms");
  CHECK(commy::host::print_duration(60s) == "1min");
  CHECK(commy::host::print_duration(0s) == "0ns");
  CHECK(commy::host::print_bytes(std::uint64_t{3} << 20U) == "3MiB");
  CHECK(commy::host::print_bytes(1025) == "1025B");
}
