#include <commy/host/nearest.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>

using commy::host::nearest;

TEST_CASE("a misspelt word finds the one it was meant to be") {
  constexpr std::array<std::string_view, 4> words{"port", "host", "heartbeat",
                                                  "gateway"};
  CHECK(nearest("prot", words) == "port");
  CHECK(nearest("prt", words) == "port");
  CHECK(nearest("hosts", words) == "host");
  CHECK(nearest("hearbeet", words) == "heartbeat");
  CHECK(nearest("gatwey", words) == "gateway");
}

TEST_CASE("a word that is like no other finds none") {
  constexpr std::array<std::string_view, 2> words{"port", "gateway"};
  CHECK(nearest("colour", words) == std::nullopt);
  CHECK(nearest("", words) == std::nullopt);
  CHECK(nearest("x", {}) == std::nullopt);
  CHECK(nearest(std::string(65, 'p'), words) == std::nullopt);
}
