#include <commy/base/fixed_text.hpp>

#include <catch2/catch_test_macros.hpp>

using commy::fixed_text;

TEST_CASE("a fixed text keeps what fits") {
  fixed_text<16> text{"holder: "};

  text.append("lane 3");

  CHECK(text.view() == "holder: lane 3");
}

TEST_CASE("a fixed text that is too long is cut and says so") {
  const fixed_text<16> text{"0123456789abcdefghi"};

  CHECK(text.view() == "0123456789abc...");
}

TEST_CASE("an empty fixed text is empty") {
  const fixed_text<8> text;

  CHECK(text.empty());
  CHECK(text.view().empty());
}
