#include "report.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>

namespace commy::benchmark {

void report::add(row figure) {
  if (rows_.empty()) {
    std::printf("%-10s %-14s %-8s %12s %12s  %-34s %12s %8s\n", "area", "row",
                "unit", "ours", "ours p99", "peer", "peer", "ratio");
  }
  std::printf("%-10s %-14s %-8s %12.2f %12.2f  %-34s %12.2f %7.2fx\n",
              figure.area.c_str(), figure.name.c_str(), figure.unit.c_str(),
              figure.ours, figure.ours_p99, figure.peer.c_str(),
              figure.peer_value, figure.ratio());
  std::fflush(stdout);
  rows_.push_back(std::move(figure));
}

bool report::write_json(const std::string& path) const {
  auto all = nlohmann::json::array();
  for (const auto& r : rows_) {
    all.push_back({{"area", r.area},
                   {"row", r.name},
                   {"unit", r.unit},
                   {"ours", r.ours},
                   {"ours_p99", r.ours_p99},
                   {"peer", r.peer},
                   {"peer_value", r.peer_value},
                   {"ratio", r.ratio()}});
  }
  std::ofstream file{path};
  file << all.dump(2) << '\n';
  file.close();
  if (!file) std::fprintf(stderr, "cannot write %s\n", path.c_str());
  return static_cast<bool>(file);
}

}  // namespace commy::benchmark
