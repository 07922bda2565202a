// pulse_sampler: measures the machine and shares the samples.
#include "pulse/alarm_link.hpp"
#include "pulse/child_program.hpp"
#include "pulse/proc/file_text.hpp"
#include "pulse/sampler/options.hpp"
#include "pulse/sampler/process_window.hpp"
#include "pulse/sampler/recorder.hpp"
#include "pulse/sampler/schedule.hpp"
#include "pulse/sampler/witness.hpp"
#include <commy/base/log.hpp>

namespace {

using namespace pulse;

constexpr std::string_view area = "sampler";

/// Says why, and returns how to exit.
int give_up(exit_code code, const std::string& why) {
  commy::log(commy::log_level::error, area, why);
  return code;
}

/// Can a later write succeed where this one was refused?
bool may_pass(commy::write_error why) {
  using enum commy::write_error;
  return why == lock_timeout || why == guard_timeout || why == out_of_space ||
         why == disk_full || why == lanes_exhausted;
}

int run(const sampler_options& options, const child_program& self) {
  auto segment = commy::segment::open(
      options.segment, {.folder = options.folder, .participant = "sampler"});
  if (!segment) {
    return give_up(cannot_start,
                   "the segment " + options.segment +
                       " cannot be opened; is its host running? " +
                       segment.error().message());
  }
  auto out = recorder::open(*segment, options.keep);
  if (!out) return give_up(cannot_start, out.error().message());
  alarm_link host{*segment, area};
  witness seen_by{options.witness};
  proc::machine_reader machine{options.proc};
  process_window window{proc::ticks_per_second()};

  auto before = machine.look();
  if (!before) return give_up(cannot_start, before.error().message());
  window.add(*before);
  auto moment = before->at;
  for (;;) {
    moment =
        next_moment(moment, std::chrono::steady_clock::now(), options.period);
    if (!self.sleep_until(moment)) return ended;

    auto now = machine.look();
    if (!now) return give_up(cannot_go_on, now.error().message());
    const auto made =
        measure(*before, *now, window.add(*now), out->next_number());
    if (auto done = out->record(made)) {
      seen_by.acknowledge(made.sample.point.number);
      host.send(made.sample);
    } else if (may_pass(done.error().code())) {
      commy::log(commy::log_level::warning, area,
                 "a sample was lost: " + done.error().message());
    } else {
      return give_up(cannot_go_on, done.error().message());
    }
    segment->beat();
    before = std::move(now);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int code = ended;
  const auto options = read_sampler_options(argc, argv, code);
  if (!options) return code;
  commy::platform::ignore_broken_pipes();
  const child_program self;
  return run(*options, self);
}
