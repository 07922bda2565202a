#include <commy/base/log.hpp>
#include <commy/host/runtime.hpp>
#include <commy/platform/lifeline.hpp>
#include <commy/platform/termination.hpp>

#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <optional>
#include <tools/commy/commands.hpp>
#include <utility>

namespace tool {
namespace {

// Whether somebody wants this process to end. Made before anything is started,
// so that a Ctrl-C in the midst of it stops in order what there is by then.
class end_of_run {
public:
  end_of_run() {
    if (lifeline_) lifeline_->watch([this] { wish_.request(); });
  }
  void wait() {
    while (!wish_.wait_for(std::chrono::hours{24})) {
    }
  }

private:
  commy::platform::termination_watch wish_;
  // Last: it ends before what its thread uses.
  std::optional<commy::platform::parent_lifeline> lifeline_ =
      commy::platform::parent_lifeline::from_environment();
};

}  // namespace

exit_code run(const settings& s) {
  commy::manifest_problems problems;
  const auto plan =
      commy::manifest::from_file(s.manifest, linked_modules(), &problems);
  if (!plan) {
    std::cerr << (problems.none() ? plan.error().message() : problems.message())
              << '\n';
    return wrong_manifest;
  }
  commy::platform::ignore_broken_pipes();
  std::optional<end_of_run> end{std::in_place};
  auto host = commy::runtime::start(*plan, linked_modules(),
                                    {.segment_folder = s.segment_folder,
                                     .program_folders = s.program_folders,
                                     .plugin_folders = s.plugin_folders});
  if (!host) {
    // The detail is a sentence of its own for each of these errors.
    std::cerr << "commy: " << host.error().detail().text.view() << '\n';
    return host.error() == commy::start_error::manifest ? wrong_manifest
                                                        : start_failed;
  }
  end->wait();
  commy::log(commy::log_level::info, "host", "stopping");
  auto stopped = std::async(std::launch::async, [&] { return host->stop(); });
  // Some tools send a signal twice, to a process and to its group. After this
  // pause a second one is a person's impatience and, the watch being gone, as
  // deadly as ever.
  stopped.wait_for(std::chrono::milliseconds{500});
  end.reset();
  const auto report = stopped.get();
  if (report.late.empty()) return success;
  for (const auto& line : report.late) {
    std::cerr << "commy: " << line << '\n';
  }
  std::cerr.flush();
  // What is late still runs in threads of this process and uses its objects;
  // to destroy those under it would turn a delay into a crash.
  std::_Exit(stop_late);
}

}  // namespace tool
