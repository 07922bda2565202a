#include <commy/host/children.hpp>
#include <commy/host/health_board.hpp>
#include <commy/host/module.hpp>
#include <commy/host/module_context.hpp>

#include <filesystem>
#include <utility>

namespace commy {

std::string_view describe(module_error error) noexcept {
  switch (error) {
    case module_error::bad_options:
      return "its options contradict each other";
    case module_error::unavailable:
      return "something it needs is taken, absent or refused";
    case module_error::late:
      return "it was not done in time";
    case module_error::failed:
      return "it failed";
  }
  return "unknown module error";
}

std::string module_context::path_beside_manifest(
    const std::string& path) const {
  return (std::filesystem::path{plan().folder()} / path).string();
}

void module_context::report(health_state state, std::string reason) const {
  health_report said{
      .name = std::string{module_}, .state = state, .reason = reason};
  host_.health->report(module_, state, std::move(reason));
  host_.events->health.publish(said);
}

void module_context::promise_report(std::chrono::nanoseconds every) const {
  host_.health->expect(module_, every);
}

std::vector<health_report> module_context::health() const {
  auto reports = host_.health->all();
  for (auto& report : host_.plugin_health()) {
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<host::child_state> module_context::processes() const {
  return host_.processes();
}

result<void, inbox_error> module_context::serve(const segment& shared) const {
  return host_.serve(shared);
}

}  // namespace commy
