// read_manifest.hpp: manifests from text, for the tests of the host.
#pragma once

#include <commy/host/manifest.hpp>
#include <commy/host/module.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct manifest_reading {
  std::optional<commy::manifest> value;
  commy::manifest_problems problems;
  /// All problems, one in each line, as a user sees them.
  std::string text() const { return problems.message(); }
};

inline manifest_reading read_manifest(
    std::string_view json, std::span<const commy::module_description> modules,
    const std::map<std::string, std::string, std::less<>>& variables = {}) {
  manifest_reading reading;
  auto read = commy::manifest::from_text(
      json, "test.json", "/folder",
      [&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      },
      modules, &reading.problems);
  if (read) reading.value = std::move(*read);
  return reading;
}

inline manifest_reading read_manifest(
    std::string_view json,
    const std::map<std::string, std::string, std::less<>>& variables = {}) {
  return read_manifest(json, {}, variables);
}
