#include "modules/gateway/object_path.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

using commy::gateway::parse_path;

TEST_CASE("a path has a tenant, a service and an object") {
  const auto path = parse_path("demo/pulse/now", "demo");

  REQUIRE(path);
  CHECK(path->tenant == "demo");
  CHECK(path->service == "pulse");
  CHECK(path->object == "now");
  CHECK_FALSE(path->is_system());
  CHECK(path->text() == "demo/pulse/now");
}

TEST_CASE("$sys is short for the own tenant's") {
  const auto path = parse_path("$sys/processes", "demo");

  REQUIRE(path);
  CHECK(path->is_system());
  CHECK(path->text() == "demo/$sys/processes");
  CHECK(parse_path("demo/$sys/processes", "demo")->text() == path->text());
}

TEST_CASE(
    "an object may have any name without slashes and control characters") {
  CHECK(parse_path("demo/pulse/<b>bold</b>", "demo") == std::nullopt);
  CHECK(parse_path("demo/pulse/<b>bold", "demo"));
  CHECK(parse_path("demo/pulse/größe .. ok", "demo"));
  CHECK(parse_path(std::string{"demo/pulse/"}.append(255, 'x'), "demo"));
}

TEST_CASE("what is no path leads nowhere") {
  using namespace std::string_view_literals;
  for (const auto wrong :
       {""sv, "demo"sv, "demo/pulse"sv, "demo/pulse/"sv, "/pulse/now"sv,
        "demo//now"sv, "../pulse/now"sv, "demo/../now"sv, "demo/.hidden/now"sv,
        "de mo/pulse/now"sv, "demo/pulse/a/b"sv, "demo/pulse/a\nb"sv,
        "demo/pulse/a\0b"sv, "d\xc3\xa9mo/pulse/now"sv, "demo/$system/x"sv,
        "$sys"sv, "$sys/"sv, "$sys/a/b"sv}) {
    INFO(wrong);
    CHECK_FALSE(parse_path(wrong, "demo"));
  }
  CHECK_FALSE(parse_path(std::string(65, 'x').append("/pulse/now"), "demo"));
  CHECK_FALSE(parse_path(std::string{"demo/pulse/"}.append(256, 'x'), "demo"));
}
