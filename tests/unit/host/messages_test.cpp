#include <commy/host/messages/authenticate.hpp>

#include <catch2/catch_test_macros.hpp>

using commy::allows;
using commy::right;

namespace {
std::uint8_t bits(right r) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(r));
}
}  // namespace

TEST_CASE("without a grant everything is refused") {
  CHECK_FALSE(allows({.name = "nobody", .grants = {}}, right::read, "a/b/c"));
}

TEST_CASE("a grant covers the paths that its pattern matches part by part") {
  const commy::principal who{
      .name = "viewer",
      .grants = {{.rights = bits(right::read), .pattern = "demo/pulse/*"}}};
  CHECK(allows(who, right::read, "demo/pulse/values"));
  CHECK_FALSE(allows(who, right::write, "demo/pulse/values"));
  CHECK_FALSE(allows(who, right::read, "demo/other/values"));
  CHECK_FALSE(allows(who, right::read, "demo/pulse"));
  CHECK_FALSE(allows(who, right::read, "demo/pulse/values/deeper"));
  CHECK_FALSE(allows(who, right::read, "demo/pulse/"));
  CHECK_FALSE(allows(who, right::read, ""));
}

TEST_CASE("a pattern that has not three parts matches nothing") {
  for (const auto* pattern : {"*", "", "*/*", "*/*/*/*", "a//c", "//"}) {
    CAPTURE(pattern);
    const commy::principal who{
        .name = "x", .grants = {{.rights = 0xff, .pattern = pattern}}};
    CHECK_FALSE(allows(who, right::read, "a/b/c"));
    CHECK_FALSE(allows(who, right::read, "a//c"));
  }
}
