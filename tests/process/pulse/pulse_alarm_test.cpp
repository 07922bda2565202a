#include "running_pulse.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <pulse/objects.hpp>

using namespace pulse;
using commy::test::test_folder;

namespace {

/// Children that burn every CPU of the machine until this object ends.
class fire {
public:
  fire() {
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency());
         ++i) {
      burning_.push_back(
          start_program("/bin/sh", {"-c", "while :; do :; done"}));
    }
  }

private:
  std::vector<commy::platform::child_process> burning_;
};

}  // namespace

TEST_CASE("children that burn CPU raise a real alarm in both its ways") {
  const test_folder folder;
  // A machine at work without the fire may be above the limit already; what is
  // tested is that the fire is seen.
  running_pulse pulse{folder.path(), {"--port=0", "--cpu-limit", "60"}};
  REQUIRE(pulse.says(" s  CPU"));
  {
    const fire burning;
    // By loan to the plugin, whose rule saw five samples above the limit; and
    // by the analyst's mean over a second.
    CHECK(pulse.says("alarm cpu raised by alarm"));
    CHECK(pulse.says("alarm cpu average raised by alarm"));
  }
  {
    const auto segment = pulse.attach();
    const auto found =
        segment.open<analysis_box>(analysis_name).value().get().value();
    CHECK(found.alarm_count > 0);
    CHECK(found.alarms[0].peak > 60);
    CHECK(found.cpu_limit_percent == 60);
  }
  CHECK(pulse.output().find("does not get messages") == std::string::npos);
}

TEST_CASE("the shell that burns CPU is among the busiest processes") {
  const test_folder folder;
  running_pulse pulse{folder.path(), {}};
  REQUIRE(pulse.says(" s  CPU"));
  auto burner = start_program("/bin/sh", {"-c", "while :; do :; done"});
  auto segment = pulse.attach();
  const auto top = segment.open<top_box>(top_name).value();
  const auto now = segment.open<now_map>(now_name).value();
  const auto name = "process." + std::to_string(burner.pid()) + ".cpu_percent";

  CHECK(comes_true([&] {
    const auto seen = top.get().value();
    return std::ranges::any_of(seen.list, [&](const auto& p) {
      return p.pid == burner.pid() && p.cpu_percent > 0 &&
             std::string_view{p.name} == "sh";
    });
  }));
  CHECK(comes_true([&] { return now.get(name).value_or(0) > 0; }));

  burner.kill();
  // Its name leaves the map with it.
  CHECK(comes_true([&] { return !now.contains(name).value(); }));
}
