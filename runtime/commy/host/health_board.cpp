#include <commy/host/health_board.hpp>
#include <commy/host/quantity.hpp>

#include <algorithm>

namespace commy::host {

health_board::part& health_board::find(std::string_view name) {
  const auto found =
      std::find_if(parts_.begin(), parts_.end(),
                   [&](const part& p) { return p.name == name; });
  if (found != parts_.end()) return *found;
  return parts_.emplace_back(part{.name = std::string{name}, .at = now_()});
}

void health_board::expect(std::string_view name,
                          std::chrono::nanoseconds every) {
  const std::lock_guard hold{mutex_};
  auto& p = find(name);
  p.every = every;
  p.at = now_();
}

void health_board::report(std::string_view name, health_state state,
                          std::string reason) {
  const std::lock_guard hold{mutex_};
  auto& p = find(name);
  p.state = state;
  p.reason = std::move(reason);
  p.at = now_();
}

std::vector<health_report> health_board::all() const {
  const auto now = now_();
  std::vector<health_report> reports;
  const std::lock_guard hold{mutex_};
  for (const auto& p : parts_) {
    health_report r{.name = p.name,
                    .state = p.state,
                    .reason = p.reason,
                    .age = now - p.at};
    // What has failed said so itself, which tells more than its silence.
    if (p.every.count() > 0 && r.age > p.every &&
        p.state != health_state::failed) {
      r.state = health_state::late;
      r.reason = "it promised to report every " + print_duration(p.every);
    }
    reports.push_back(std::move(r));
  }
  return reports;
}

bool health_board::well() const {
  const auto reports = all();
  return std::all_of(reports.begin(), reports.end(), [](const auto& r) {
    return r.state == health_state::ready;
  });
}

}  // namespace commy::host
