// Runs the benchmarks of the named areas beside their peers.
#include "memory/stress_child.hpp"
#include "report.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

constexpr commy::benchmark::area all_areas[] = {
    {"memory", commy::benchmark::run_memory},
    {"containers", commy::benchmark::run_containers},
    {"ipc", commy::benchmark::run_ipc},
    {"actor", commy::benchmark::run_actor},
};

}  // namespace

int main(int argc, char** argv) {
  if (const auto* const shape =
          std::getenv(commy::benchmark::stress_child_variable)) {
    return commy::benchmark::stress_child(shape);
  }
  CLI::App app{"Measures Commy beside its peers, in one run."};
  std::vector<std::string> wanted;
  std::string json;
  app.add_option("areas", wanted, "Which areas; all when none is named")
      ->check([](const std::string& name) {
        for (const auto& area : all_areas) {
          if (name == area.name) return std::string{};
        }
        return "no area '" + name + "'";
      });
  app.add_option("--json", json, "Also write the figures to this file");
  CLI11_PARSE(app, argc, argv);

  commy::benchmark::report figures;
  for (const auto& area : all_areas) {
    if (!wanted.empty() &&
        std::find(wanted.begin(), wanted.end(), area.name) == wanted.end()) {
      continue;
    }
    // A report never fails on a figure, nor on a peer that is not there.
    try {
      area.run(figures);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s: %s\n", area.name, e.what());
    }
  }
  return json.empty() || figures.write_json(json) ? 0 : 1;
}
