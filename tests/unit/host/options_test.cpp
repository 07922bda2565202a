#include <commy/host/option_text.hpp>
#include <commy/host/options.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>

using namespace std::chrono_literals;
using commy::option;
using commy::option_kind;

namespace {

constexpr std::array every_kind{
    option{.name = "text", .standard = "word"},
    option{.name = "integer", .kind = option_kind::integer, .standard = "-3"},
    option{.name = "number", .kind = option_kind::number, .standard = "0.5"},
    option{.name = "boolean", .kind = option_kind::boolean, .standard = "true"},
    option{
        .name = "duration", .kind = option_kind::duration, .standard = "50ms"},
    option{.name = "bytes", .kind = option_kind::bytes, .standard = "64MiB"},
    option{.name = "texts", .kind = option_kind::texts},
    option{.name = "table", .kind = option_kind::table},
    option{.name = "absent"}};

}  // namespace

TEST_CASE("options that are not set have their defaults") {
  commy::manifest_problems problems;
  const auto values = commy::read_options(every_kind, "{}", problems);
  REQUIRE(problems.none());
  CHECK(values.text("text") == "word");
  CHECK(values.integer("integer") == -3);
  CHECK(values.number("number") == 0.5);
  CHECK(values.boolean("boolean"));
  CHECK(values.duration("duration") == 50ms);
  CHECK(values.bytes("bytes") == std::uint64_t{64} << 20U);
  CHECK(values.texts("texts").empty());
  CHECK(values.table("table").empty());
  CHECK_FALSE(values.has("absent"));
}

TEST_CASE("options have the values that are set") {
  commy::manifest_problems problems;
  const auto values = commy::read_options(every_kind, R"({
    "text": "ä", "integer": 9223372036854775807, "number": 2,
    "boolean": false, "duration": "2h", "bytes": "1GiB",
    "texts": ["a", "b"], "table": {"z": "1", "a": "2"}, "absent": ""})",
                                          problems);
  INFO(problems.message());
  REQUIRE(problems.none());
  CHECK(values.text("text") == "ä");
  CHECK(values.integer("integer") == 9223372036854775807);
  CHECK(values.number("number") == 2.0);
  CHECK_FALSE(values.boolean("boolean"));
  CHECK(values.duration("duration") == 2h);
  CHECK(values.bytes("bytes") == std::uint64_t{1} << 30U);
  CHECK(values.texts("texts")[1] == "b");
  CHECK(values.table("table")[0].first == "z");
  CHECK(values.has("absent"));
}

TEST_CASE("an integer of more than 63 bits is no whole number") {
  commy::manifest_problems problems;
  static_cast<void>(commy::read_options(
      every_kind, R"({"integer": 9223372036854775808})", problems));
  CHECK(problems.count() == 1);
}

TEST_CASE("null is no value") {
  commy::manifest_problems problems;
  static_cast<void>(
      commy::read_options(every_kind, R"({"text": null})", problems));
  CHECK(problems.message() == "1:10: text: a text is wanted, null was found");
}

TEST_CASE("lists and tables are bounded") {
  commy::manifest_problems problems;
  std::string list = R"({"texts": ["")";
  for (int i = 0; i < 256; ++i)
    list += ",\"\"";
  static_cast<void>(commy::read_options(every_kind, list + "]}", problems));
  CHECK(problems.message() ==
        "1:11: texts: at most 256 entries are wanted, 257 were found");
}

TEST_CASE("a text is at most 4096 bytes unless its option says otherwise") {
  commy::manifest_problems problems;
  static_cast<void>(commy::read_options(
      every_kind, "{\"text\": \"" + std::string(4097, 'x') + "\"}", problems));
  CHECK(problems.message() ==
        "1:10: text: a length of at most 4096 bytes is wanted, 4097 was found");
}

TEST_CASE("a table of options that contradicts itself is found out") {
  const auto flaw = [](option what) {
    return commy::host::flaw_of(std::array{what}).value_or("none");
  };
  CHECK(commy::host::flaw_of(every_kind) == std::nullopt);
  CHECK(flaw({}) == "an option has no name");
  CHECK(flaw({.name = "a",
              .kind = option_kind::duration,
              .standard = "5 minutes"}) ==
        "the option \"a\" has a default that cannot be read");
  CHECK(flaw({.name = "a",
              .kind = option_kind::integer,
              .standard = "5",
              .maximum = "4"}) ==
        "the option \"a\" has a default outside of its own bounds");
  CHECK(flaw({.name = "a", .kind = option_kind::integer, .minimum = "few"}) ==
        "the option \"a\" has a bound that cannot be read");
  CHECK(flaw({.name = "a", .standard = "x", .required = true}) ==
        "the option \"a\" is required and has a default");
  CHECK(flaw({.name = "a", .kind = option_kind::texts, .standard = "x"}) ==
        "the option \"a\" is a list or table and can have no default or "
        "bounds");
  CHECK(commy::host::flaw_of(
            std::array{option{.name = "a"}, option{.name = "a"}}) ==
        "the option \"a\" is declared twice");
}
