#include <commy/host/manifest.hpp>
#include <commy/host/manifest_tables.hpp>
#include <commy/host/module.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace commy {
namespace {

// Ordered, so that the schema reads like the tables it is made from.
using json = nlohmann::ordered_json;

json number_or_null(std::string_view text) {
  return text.empty() ? json{} : json::parse(text);
}

// Numbers may also come out of a variable, and then stand in quotes.
json number_schema(const option& what, std::string_view type,
                   std::string_view pattern) {
  json plain{{"type", type}};
  if (!what.minimum.empty()) plain["minimum"] = number_or_null(what.minimum);
  if (!what.maximum.empty()) plain["maximum"] = number_or_null(what.maximum);
  return {
      {"anyOf",
       {plain,
        {{"type", "string"}, {"pattern", std::string{pattern} + "|\\$\\{"}}}}};
}

json quantity_schema(std::string_view units) {
  return {{"type", "string"},
          {"pattern", "^[0-9]+(" + std::string{units} + ")$|\\$\\{"}};
}

json text_schema(const option& what) {
  json schema{{"type", "string"}};
  if (what.choices.empty()) {
    // Lengths count after variables are expanded, which editors cannot do, and
    // in bytes; only that something must stand there is certain.
    if (!what.minimum.empty()) schema["minLength"] = 1;
    return schema;
  }
  return {{"type", "string"},
          {"pattern", "^(" + std::string{what.choices} + ")$|\\$\\{"}};
}

json value_schema(const option& what) {
  switch (what.kind) {
    case option_kind::text:
      return text_schema(what);
    case option_kind::integer:
      return number_schema(what, "integer", "^-?[0-9]+$");
    case option_kind::number:
      return number_schema(what, "number", "^-?[0-9.]+([eE][-+]?[0-9]+)?$");
    case option_kind::boolean:
      return number_schema(what, "boolean", "^(true|false)$");
    case option_kind::duration:
      return quantity_schema("ns|us|ms|s|min|h|d");
    case option_kind::bytes:
      return quantity_schema("B|KiB|MiB|GiB|TiB");
    case option_kind::texts:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case option_kind::table:
      return {{"type", "object"},
              {"additionalProperties", {{"type", "string"}}}};
  }
  return json::object();
}

std::string text_of(const option& what) {
  std::string text{what.summary};
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text.append(text.empty() ? "" : "; ").append(name).append(" ");
    text.append(value);
  };
  if (what.kind != option_kind::text) {
    add("at least", what.minimum);
    add("at most", what.maximum);
  }
  add("default", what.standard);
  return text;
}

json table_schema(std::span<const option> options) {
  json schema{{"type", "object"},
              {"additionalProperties", false},
              {"properties", json::object()}};
  for (const auto& what : options) {
    auto property = value_schema(what);
    property["description"] = text_of(what);
    schema["properties"][std::string{what.name}] = std::move(property);
    if (what.required) schema["required"].push_back(what.name);
  }
  return schema;
}

}  // namespace

std::string manifest_schema(std::span<const module_description> modules) {
  json root{{"$schema", "http://json-schema.org/draft-07/schema#"},
            {"title", "Commy manifest"}};
  root.update(table_schema(host::manifest_options));

  json module_table{{"type", "object"},
                    {"additionalProperties", false},
                    {"properties", json::object()}};
  for (const auto& module : modules) {
    auto schema = table_schema(module.options);
    schema["description"] = module.summary;
    module_table["properties"][std::string{module.name}] = std::move(schema);
  }
  auto plugin = table_schema(host::plugin_options);
  plugin["properties"]["options"] = {
      {"type", "object"}, {"description", "What the plugin itself declares"}};

  auto& properties = root["properties"];
  properties["modules"] = std::move(module_table);
  properties["plugins"] = {{"type", "array"},
                           {"maxItems", host::plugins_max},
                           {"items", std::move(plugin)}};
  properties["processes"] = {
      {"type", "object"},
      {"maxProperties", host::processes_max},
      {"additionalProperties", table_schema(host::process_options)}};
  return root.dump(2) + "\n";
}

}  // namespace commy
