// modules_child: a participant or a host, for tests that end it in all ways.
//
//   modules_child participant FOLDER SEGMENT   beats every 20 ms
//   modules_child silent FOLDER SEGMENT        never beats
//   modules_child host FOLDER MANIFEST         hosts all modules
//
// Says "ready" on standard output, and ends in order when asked to.
#include "modules/allocator/module.hpp"
#include "modules/auth/module.hpp"
#include "modules/gateway/module.hpp"
#include "modules/heartbeat/module.hpp"
#include <commy/host/runtime.hpp>
#include <commy/memory/segment.hpp>
#include <commy/platform/lifeline.hpp>
#include <commy/platform/termination.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

void say_ready() {
  std::puts("ready");
  std::fflush(stdout);
}

int take_part(const std::string& folder, const std::string& name, bool beats,
              commy::platform::termination_watch& end) {
  auto shared =
      commy::segment::open(name, {.folder = folder, .participant = "child"})
          .value();
  if (beats) shared.beat();
  say_ready();
  while (!end.wait_for(20ms)) {
    if (beats) shared.beat();
  }
  return 0;
}

int host(const std::string& folder, const std::string& path,
         commy::platform::termination_watch& end) {
  const std::vector<commy::module_description> modules{
      commy::modules::allocator(), commy::modules::auth(),
      commy::modules::gateway(), commy::modules::heartbeat()};
  const auto plan = commy::manifest::from_file(path, modules).value();
  auto runtime =
      commy::runtime::start(plan, modules, {.segment_folder = folder}).value();
  say_ready();
  static_cast<void>(end.wait_for(1h));
  return runtime.stop().late.empty() ? 0 : 5;
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) return 2;
  const std::string what = words[1];
  commy::platform::termination_watch end;
  auto lifeline = commy::platform::parent_lifeline::from_environment();
  if (lifeline) lifeline->watch([&] { end.request(); });
  try {
    return what == "host"
               ? host(words[2], words[3], end)
               : take_part(words[2], words[3], what == "participant", end);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
