// pulse: runs the sample's host, and shows what its processes share.
#include "pulse/child_program.hpp"
#include "pulse/runner/host_process.hpp"
#include "pulse/runner/options.hpp"
#include "pulse/runner/screen.hpp"
#include "pulse/runner/viewer.hpp"
#include <commy/platform/file.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace {

using namespace pulse;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

// The modules, the plugin and the processes are up within a second; a loaded
// machine takes its time.
constexpr auto start_within = 30s;
// What the host allows its parts, one after the other, and a little more.
constexpr auto stop_within = 40s;
// Others call a process slow that has not beaten for a second.
constexpr auto beat_every = 250ms;

class runner {
public:
  runner(const runner_options& options, const child_program& self)
      : options_{options},
        self_{self},
        folder_{commy::platform::default_segment_folder()},
        key_file_{folder_ + "/pulse.key"},
        address_file_{folder_ + "/pulse.address"} {}

  int run() {
    if (!start_host()) return cannot_start;
    std::optional<viewer> view;
    int code = wait_for_samples(view);
    if (view) {
      show_addresses();
      code = watch(*view);
    }
    // A segment that somebody has open is not removed.
    view.reset();
    const int stopped = stop_host();
    return code != ended ? code : stopped;
  }

private:
  bool start_host() {
    const auto here = fs::path{commy::platform::executable_path()};
    host_options how;
    how.program = (here.parent_path() / "commy").string();
    how.arguments = {"run", options_.manifest, "--log-level", "warning"};
    how.environment = {
        {"PULSE_FOLDER", folder_},
        {"PULSE_PORT", std::to_string(options_.port)},
        {"PULSE_CPU_LIMIT", std::to_string(options_.cpu_limit_percent)}};
    how.on_line = [this](std::string_view line) { screen_.note(line); };
    auto started = host_process::start(std::move(how));
    if (!started) {
      screen_.note("pulse: " + started.error().message());
      return false;
    }
    host_.emplace(std::move(*started));
    return true;
  }

  int wait_for_samples(std::optional<viewer>& view) {
    std::string missing;
    for (const auto until = clock::now() + start_within;
         clock::now() < until && !self_.should_end();) {
      if (const auto end = host_->wait_for(20ms)) return host_ended(*end);
      auto opened = viewer::open(folder_, host_->pid());
      if (opened) {
        view.emplace(std::move(*opened));
        return ended;
      }
      missing = opened.error().message();
    }
    if (self_.should_end()) return ended;
    screen_.note("pulse: no samples came: " + missing);
    return cannot_start;
  }

  void show_addresses() {
    std::string key;
    std::ifstream{key_file_} >> key;
    std::string page;
    std::ifstream{address_file_} >> page;
    screen_.note("");
    screen_.note("  The page:     " + page + "#key=" + key);
    screen_.note("  The API key:  " + key);
    screen_.note("  Try:          kill -9 $(pgrep pulse_sampler)");
    screen_.note("  The end:      Ctrl-C");
    screen_.note("");
  }

  /// Shows how things are, until the end has come or the host has died.
  int watch(viewer& view) {
    const auto begin = clock::now();
    const auto end = begin + options_.run_for.value_or(999'999s);
    auto next_line = begin + 1s;
    for (auto moment = begin; moment < end;) {
      moment = std::min<clock::time_point>(moment + beat_every, end);
      if (!self_.sleep_until(moment)) break;
      if (const auto died = host_->wait_for(0ms)) return host_ended(*died);
      view.beat();
      for (const auto& line : view.changes())
        screen_.note(line);
      if (clock::now() < next_line) continue;
      next_line += 1s;
      const auto line = view.status(clock::now() - begin);
      if (!line) {
        screen_.note("pulse: " + line.error().message());
        return cannot_go_on;
      }
      screen_.status(*line);
    }
    screen_.keep_status();
    screen_.note("");
    for (const auto& line : view.summary(clock::now() - begin)) {
      screen_.note(line);
    }
    return ended;
  }

  /// Its own exit codes of a failed start say more than ours.
  int host_ended(const commy::platform::exit_status& status) {
    host_gone_ = true;
    screen_.note("pulse: the host " + status.text());
    const bool exited =
        status.how == commy::platform::exit_status::kind::exited;
    return exited && status.code != 0 ? static_cast<int>(status.code)
                                      : cannot_go_on;
  }

  int stop_host() {
    if (!host_gone_) {
      const auto status = host_->stop(stop_within);
      if (status != commy::platform::exit_status{}) {
        host_ended(status);
        return stop_late;
      }
    }
    return host_gone_ || nothing_left() ? ended : stop_late;
  }

  /// A host that ended in order has removed all it has made.
  bool nothing_left() {
    const std::array made{folder_ + "/" + default_segment, key_file_,
                          address_file_};
    bool none = true;
    for (const auto& path : made) {
      std::error_code ignored;
      if (!fs::exists(path, ignored)) continue;
      screen_.note("pulse: left behind: " + path);
      none = false;
    }
    return none;
  }

  const runner_options& options_;
  const child_program& self_;
  const std::string folder_;
  const std::string key_file_;
  const std::string address_file_;
  screen screen_;
  bool host_gone_ = false;
  // Last: its thread writes to the screen.
  std::optional<host_process> host_;
};

}  // namespace

int main(int argc, char** argv) {
  int code = ended;
  const auto options = read_runner_options(argc, argv, code);
  if (!options) return code;
  commy::platform::ignore_broken_pipes();
  const child_program self;
  return runner{*options, self}.run();
}
