#include <commy/host/module_order.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>

namespace {

using names = std::vector<std::string>;
constexpr std::array<std::string_view, 1> needs_a{"a"};
constexpr std::array<std::string_view, 1> needs_b{"b"};
constexpr std::array<std::string_view, 2> needs_ab{"a", "b"};

names order(const std::vector<const commy::module_description*>& modules,
            commy::manifest_problems& problems) {
  names found;
  for (const auto* m : commy::host::order_modules(modules, problems)) {
    found.emplace_back(m->name);
  }
  return found;
}

}  // namespace

TEST_CASE("a module comes after all that it needs, else as written") {
  const commy::module_description a{.name = "a"};
  const commy::module_description b{.name = "b", .needs = needs_a};
  const commy::module_description c{.name = "c", .needs = needs_ab};
  const commy::module_description d{.name = "d"};
  commy::manifest_problems problems;
  CHECK(order({&c, &d, &b, &a}, problems) == names{"a", "b", "c", "d"});
  CHECK(order({&d, &a}, problems) == names{"d", "a"});
  CHECK(problems.none());
}

TEST_CASE("a module whose need is not in the manifest is named") {
  const commy::module_description b{.name = "b", .needs = needs_a};
  commy::manifest_problems problems;
  static_cast<void>(order({&b}, problems));
  CHECK(problems.message() ==
        "modules.b: the module needs \"a\", which the manifest does not name; "
        "add it to \"modules\"");
}

TEST_CASE("modules that need each other are named as a circle") {
  const commy::module_description a{.name = "a", .needs = needs_b};
  const commy::module_description b{.name = "b", .needs = needs_a};
  commy::manifest_problems problems;
  static_cast<void>(order({&a, &b}, problems));
  REQUIRE(problems.count() == 1);
  CHECK(problems.all()[0].code == commy::manifest_flaw::module_cycle);
  CHECK(problems.message() ==
        "modules.a: modules need each other in a circle: a needs b needs a");
}
