#include <commy/actor/actor_system.hpp>
#include <commy/host/plugin_services.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using commy::host::plugin_services;

namespace {

// Every handle leads to the same byte.
class one_byte : public commy::handle_resolver {
public:
  found resolve(const std::array<std::uint64_t, 2>&) override {
    return {{&byte_, 1}, nullptr};
  }

private:
  std::byte byte_{7};
};

plugin_services::parts parts(commy::actor_system* actors) {
  return {.id = "test",
          .actors = actors,
          .resolver = std::make_shared<one_byte>(),
          .now = [] { return 1ns; }};
}

commy_status resolve(const plugin_services& services) {
  const auto& table = *services.table();
  const commy_handle handle{{1, 2}};
  commy_view view{};
  return table.resolve(table.context, &handle, &view, nullptr);
}

commy_status send(const plugin_services& services, commy_error* error) {
  const auto& table = *services.table();
  return table.send(table.context, {"x", 1}, 1, "y", 1, error);
}

}  // namespace

TEST_CASE("handles resolve only within the handler that got them") {
  plugin_services mine{parts(nullptr), {}};
  plugin_services other{parts(nullptr), {}};
  CHECK(resolve(mine) == COMMY_BAD_ARGUMENT);
  {
    const plugin_services::turn handling{mine};
    CHECK(resolve(mine) == COMMY_OK);
    CHECK(resolve(other) == COMMY_BAD_ARGUMENT);
  }
  CHECK(resolve(mine) == COMMY_BAD_ARGUMENT);
}

TEST_CASE("a plugin that calls too late is told that the host has stopped") {
  commy_error error{};
  error.size = sizeof(error);
  commy::actor_system actors;
  plugin_services services{parts(&actors), {}};
  CHECK(send(services, &error) == COMMY_NOT_FOUND);
  CHECK(std::string{error.text}.find("x: no living actor has this name") !=
        std::string::npos);
  services.close();
  CHECK(send(services, &error) == COMMY_REFUSED);
  CHECK(std::string{error.text} == "the host has stopped");
}

TEST_CASE("a plugin's wrong calls are refused, not obeyed") {
  commy::actor_system actors;
  plugin_services services{parts(&actors), {}};
  const auto& table = *services.table();
  CHECK(table.send(table.context, {"x", 1}, 1, nullptr, 5, nullptr) ==
        COMMY_BAD_ARGUMENT);
  CHECK(table.send(table.context, {nullptr, 5}, 1, "y", 1, nullptr) ==
        COMMY_NOT_FOUND);
  CHECK(table.send(table.context, {"x", 1}, 1, "y", 65'537, nullptr) ==
        COMMY_BAD_ARGUMENT);
  CHECK(table.resolve(table.context, nullptr, nullptr, nullptr) ==
        COMMY_BAD_ARGUMENT);
  commy_text value{};
  CHECK(table.option(table.context, {"none", 4}, &value) == COMMY_NOT_FOUND);
  // An error of an unknown, shorter form is left alone.
  commy_error shorter{};
  shorter.size = 8;
  CHECK(send(services, &shorter) == COMMY_NOT_FOUND);
  CHECK(shorter.text[0] == 0);
  CHECK(table.extension(table.context, {"acme.shapes/2", 13}) == nullptr);
}
