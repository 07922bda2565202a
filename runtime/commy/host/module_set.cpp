#include <commy/base/log.hpp>
#include <commy/host/health_board.hpp>
#include <commy/host/module_set.hpp>
#include <commy/platform/thread_hint.hpp>

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace commy::host {
namespace {

using outcome = result<void, module_error>;

outcome guarded(const std::function<outcome()>& step) {
  try {
    return step();
  } catch (const std::exception& e) {
    return unexpected{module_error::failed, e.what()};
  } catch (...) {
    return unexpected{module_error::failed, "something no std::exception"};
  }
}

// Waits for `step` at most until `deadline`; it goes on alone after that, with
// everything it has captured.
outcome run_step(std::string_view name, std::function<outcome()> step,
                 std::chrono::steady_clock::time_point deadline) {
  struct shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<outcome> answer;
  };
  const auto state = std::make_shared<shared>();
  std::thread{[state, name = std::string{name},
               step = std::move(step)]() mutable {
    platform::name_this_thread(name);
    const auto answer = guarded(step);
    // Whoever waits may then destroy what the step has captured.
    step = nullptr;
    const std::lock_guard hold{state->mutex};
    state->answer = answer;
    state->changed.notify_all();
  }}.detach();
  std::unique_lock hold{state->mutex};
  if (!state->changed.wait_until(hold, deadline,
                                 [&] { return state->answer.has_value(); })) {
    return unexpected{module_error::late};
  }
  return *state->answer;
}

// The same failure, with the step and its time named.
outcome named(const outcome& answer, const module_description& what,
              std::string_view step, std::chrono::milliseconds within) {
  if (answer) return answer;
  std::string text =
      "module " + std::string{what.name} + ", " + std::string{step};
  if (answer.error() == module_error::late) {
    text += ", within " + std::to_string(within.count()) + " ms";
  }
  if (!answer.error().detail().text.empty()) {
    text += ": " + std::string{answer.error().detail().text.view()};
  }
  return unexpected{answer.error().code(), text};
}

}  // namespace

outcome module_set::start(const module_description& what,
                          const option_values& options) {
  services_.health->expect(what.name);
  const auto added = std::make_shared<member>();
  added->what = &what;
  added->context = std::make_unique<module_context>(what.name, services_);
  const auto run = [&](std::string_view step,
                       std::function<outcome()> call) -> outcome {
    // The step keeps the module, its context and the host's services.
    const auto answer = run_step(
        what.name,
        [call = std::move(call), added, keep = keep_.lock()] { return call(); },
        std::chrono::steady_clock::now() + what.start_within);
    return named(answer, what, step, what.start_within);
  };
  auto answer = run("configure", [m = added.get(), options]() -> outcome {
    m->module = m->what->make();
    return m->module->configure(options, *m->context);
  });
  if (answer) {
    answer = run("start", [m = added.get()] { return m->module->start(); });
    members_.push_back(added);
    if (answer.has_value()) {
      log(log_level::info, "host",
          "module " + std::string{what.name} + " started");
      if (state_of(what.name) == health_state::starting) {
        added->context->report(health_state::ready);
      }
      return answer;
    }
    if (answer.error() == module_error::late) {
      // It is still starting: nothing else can be asked of it.
      members_.pop_back();
    }
  }
  added->context->report(health_state::failed, answer.error().message());
  return answer;
}

health_state module_set::state_of(std::string_view module) const {
  for (const auto& report : services_.health->all()) {
    if (report.name == module) return report.state;
  }
  return health_state::starting;
}

std::vector<std::string> module_set::stop() {
  std::vector<std::string> late;
  while (!members_.empty()) {
    const auto last = std::move(members_.back());
    members_.pop_back();
    const auto& what = *last->what;
    const auto deadline = std::chrono::steady_clock::now() + what.stop_within;
    const auto answer = named(run_step(
                                  what.name,
                                  [last, deadline, keep = keep_.lock()] {
                                    return last->module->stop(deadline);
                                  },
                                  deadline),
                              what, "stop", what.stop_within);
    if (!answer) {
      log(log_level::warning, "host", answer.error().message());
      late.push_back(answer.error().message());
    }
  }
  return late;
}

}  // namespace commy::host
