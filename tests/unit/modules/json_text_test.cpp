#include "modules/gateway/json_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace {

using commy::dynamic_value;
using commy::gateway::append_json;

template <class T>
std::string json(T value) {
  dynamic_value any;
  any.held.emplace<T>(std::move(value));
  std::string text;
  append_json(text, any);
  return text;
}

}  // namespace

TEST_CASE("plain values are written as JSON") {
  CHECK(json(std::monostate{}) == "null");
  CHECK(json(true) == "true");
  CHECK(json(std::int64_t{-42}) == "-42");
  CHECK(json(std::uint64_t{42}) == "42");
  CHECK(json(3.0) == "3");
  CHECK(std::stod(json(0.1)) == 0.1);
  CHECK(std::stod(json(1e300)) == 1e300);
  CHECK(json(std::string{"a\"b\\\n"}) == R"("a\"b\\\n")");
}

TEST_CASE("whole numbers that JavaScript cannot hold become texts") {
  const auto exact = std::uint64_t{1} << 53U;
  CHECK(json(exact) == "9007199254740992");
  CHECK(json(exact + 1) == "\"9007199254740993\"");
  CHECK(json(std::numeric_limits<std::int64_t>::min()) ==
        "\"-9223372036854775808\"");
}

TEST_CASE("numbers that JSON does not know become null") {
  CHECK(json(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(json(-std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("bytes that are not UTF-8 are replaced one by one") {
  const std::string unknown = "\xef\xbf\xbd";
  CHECK(json(std::string{"a\xff"}) == "\"a" + unknown + "\"");
  // Overlong, surrogate, too high, cut off.
  CHECK(json(std::string{"\xc0\xaf"}) == "\"" + unknown + unknown + "\"");
  CHECK(json(std::string{"\xed\xa0\x80"}) ==
        "\"" + unknown + unknown + unknown + "\"");
  CHECK(json(std::string{"\xf4\x90\x80\x80"}).size() == 2 + 4 * 3);
  CHECK(json(std::string{"\xe2\x82"}) == "\"" + unknown + unknown + "\"");
  CHECK(json(std::string{"\xe2\x82\xac"}) == "\"\xe2\x82\xac\"");
}

TEST_CASE("records and lists keep their order") {
  dynamic_value::record record(2);
  record[0].first = "b";
  record[0].second.held = std::int64_t{1};
  record[1].first = "a";
  auto& list = record[1].second.held.emplace<dynamic_value::list>(2);
  list[1].held = false;

  CHECK(json(record) == R"({"b":1,"a":[null,false]})");
}
