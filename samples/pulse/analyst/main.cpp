// pulse_analyst: watches the samples, keeps means and alarms.
#include "pulse/alarm_link.hpp"
#include "pulse/analyst/follower.hpp"
#include "pulse/analyst/observer.hpp"
#include "pulse/analyst/options.hpp"
#include "pulse/child_program.hpp"
#include "pulse/objects.hpp"
#include <commy/base/log.hpp>
#include <commy/memory/segment.hpp>

namespace {

using namespace pulse;
using namespace std::chrono_literals;

constexpr std::string_view area = "analyst";
// The means reach a minute back: so many samples at the shortest period.
constexpr std::uint64_t recalled = 3000;

int give_up(exit_code code, const std::string& why) {
  commy::log(commy::log_level::error, area, why);
  return code;
}

int run(const analyst_options& options, const child_program& self) {
  auto segment = commy::segment::open(
      options.segment, {.folder = options.folder, .participant = "analyst"});
  if (!segment) {
    return give_up(cannot_start,
                   "the segment " + options.segment +
                       " cannot be opened; is its host running? " +
                       segment.error().message());
  }
  // Whichever of the two processes is first makes it.
  auto history = segment->open_or_create<history_deque>(history_name);
  if (!history) return give_up(cannot_start, history.error().message());
  auto box = segment->open_or_create<analysis_box>(analysis_name);
  if (!box) return give_up(cannot_start, box.error().message());
  const auto before = box->get();
  if (!before) return give_up(cannot_start, before.error().message());

  observer watch{options.cpu_limit_percent, *before};
  follower samples{std::move(*history), before->number};
  const auto known = samples.before(recalled);
  if (!known) return give_up(cannot_start, known.error().message());
  for (const auto& point : *known)
    watch.recall(point);

  alarm_link host{*segment, area};

  while (!self.should_end()) {
    // Samples come every 100 ms; without any, this looks after its own end and
    // shows that it lives.
    const auto fresh = samples.next(200ms);
    if (!fresh) return give_up(cannot_go_on, fresh.error().message());
    for (const auto& point : *fresh) {
      if (const auto change = watch.take(point)) {
        if (!host.send(*change)) {
          commy::log(commy::log_level::warning, area, change->text);
        }
      }
    }
    if (!fresh->empty()) {
      if (auto kept = box->set(watch.found()); !kept) {
        return give_up(cannot_go_on, kept.error().message());
      }
    }
    segment->beat();
  }
  return ended;
}

}  // namespace

int main(int argc, char** argv) {
  int code = ended;
  const auto options = read_analyst_options(argc, argv, code);
  if (!options) return code;
  commy::platform::ignore_broken_pipes();
  const child_program self;
  return run(*options, self);
}
