#include "report.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>

namespace commy::benchmark {

void report::add(row figure) {
  if (rows_.empty()) {
    std::printf("%-10s %-18s %-8s %12s %12s %12s  %-34s %12s %8s\n", "area",
                "row", "unit", "ours", "ours p99", "p99.9", "peer", "peer",
                "ratio");
  }
  std::printf("%-10s %-18s %-8s %12.2f %12.2f %12.2f  %-34s %12.2f %7.2fx\n",
              figure.area.c_str(), figure.name.c_str(), figure.unit.c_str(),
              figure.ours, figure.ours_p99, figure.ours_p999,
              figure.peer.c_str(), figure.peer_value, figure.ratio());
  std::fflush(stdout);
  rows_.push_back(std::move(figure));
}

void report::not_available(const std::string& area, const std::string& name,
                           const std::string& peer, const std::string& why) {
  std::printf("%-10s %-18s not available: %s%s%s\n", area.c_str(), name.c_str(),
              peer.c_str(), peer.empty() ? "" : ": ", why.c_str());
  std::fflush(stdout);
  gaps_.push_back({area, name, peer, why});
}

bool report::write_json(const std::string& path) const {
  auto all = nlohmann::json::array();
  for (const auto& r : rows_) {
    all.push_back({{"area", r.area},
                   {"row", r.name},
                   {"unit", r.unit},
                   {"ours", r.ours},
                   {"ours_p99", r.ours_p99},
                   {"ours_p999", r.ours_p999},
                   {"peer", r.peer},
                   {"peer_value", r.peer_value},
                   {"peer_p99", r.peer_p99},
                   {"ratio", r.ratio()}});
  }
  for (const auto& g : gaps_) {
    all.push_back({{"area", g.area},
                   {"row", g.name},
                   {"peer", g.peer},
                   {"not_available", g.why}});
  }
  std::ofstream file{path};
  file << all.dump(2) << '\n';
  file.close();
  if (!file) std::fprintf(stderr, "cannot write %s\n", path.c_str());
  return static_cast<bool>(file);
}

}  // namespace commy::benchmark
