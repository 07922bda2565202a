#include <commy/host/manifest.hpp>
#include <commy/host/manifest_tables.hpp>
#include <commy/host/module.hpp>
#include <commy/host/option_text.hpp>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <array>

TEST_CASE("the schema is made from the tables the reader uses") {
  constexpr std::array options{
      commy::option{.name = "port",
                    .kind = commy::option_kind::integer,
                    .summary = "The port",
                    .standard = "7420",
                    .minimum = "0",
                    .maximum = "65535"},
      commy::option{.name = "level", .choices = "low|high", .required = true}};
  const std::array modules{commy::module_description{
      .name = "gateway", .summary = "The way in", .options = options}};

  const auto schema = nlohmann::json::parse(commy::manifest_schema(modules));

  CHECK(schema["$schema"] == "http://json-schema.org/draft-07/schema#");
  CHECK(schema["required"] == nlohmann::json{"name"});
  CHECK(schema["additionalProperties"] == false);
  const auto& gateway =
      schema["properties"]["modules"]["properties"]["gateway"];
  CHECK(gateway["required"] == nlohmann::json{"level"});
  const auto& port = gateway["properties"]["port"];
  CHECK(port["description"] ==
        "The port; at least 0; at most 65535; default 7420");
  CHECK(port["anyOf"][0]["maximum"] == 65535);
  CHECK(port["anyOf"][1]["pattern"] == "^-?[0-9]+$|\\$\\{");
  CHECK(gateway["properties"]["level"]["pattern"] == "^(low|high)$|\\$\\{");
  const auto& process =
      schema["properties"]["processes"]["additionalProperties"];
  CHECK(process["properties"].contains("max_restarts"));
}

TEST_CASE("the tables of the manifest itself have no flaw") {
  CHECK(commy::host::flaw_of(commy::host::manifest_options) == std::nullopt);
  CHECK(commy::host::flaw_of(commy::host::plugin_options) == std::nullopt);
  CHECK(commy::host::flaw_of(commy::host::process_options) == std::nullopt);
}
