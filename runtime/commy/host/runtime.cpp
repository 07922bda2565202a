#include <commy/base/log.hpp>
#include <commy/host/alarm_inbox.hpp>
#include <commy/host/default_folders.hpp>
#include <commy/host/find_file.hpp>
#include <commy/host/health_board.hpp>
#include <commy/host/host_lock.hpp>
#include <commy/host/module_context.hpp>
#include <commy/host/module_order.hpp>
#include <commy/host/module_set.hpp>
#include <commy/host/plugin_loader.hpp>
#include <commy/host/plugin_set.hpp>
#include <commy/host/runtime.hpp>
#include <commy/host/segment_mail.hpp>
#include <commy/platform/file.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace commy {
namespace {

using namespace std::chrono_literals;

// For the actors that modules and users have left running.
constexpr auto actors_stop_within = 5s;

std::chrono::nanoseconds steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

runtime_options with_defaults(runtime_options options) {
  if (options.segment_folder.empty()) {
    options.segment_folder = platform::default_segment_folder();
  }
  if (options.program_folders.empty()) {
    options.program_folders = host::default_program_folders();
  }
  if (options.plugin_folders.empty()) {
    options.plugin_folders = host::default_plugin_folders();
  }
  if (!options.now) options.now = steady_now;
  return options;
}

// What a module says of its own failure needs no more words; where it says
// nothing, the code does.
std::string cause(const failure<module_error>& why) {
  const bool said =
      why == module_error::unavailable || why == module_error::failed;
  return said ? std::string{why.detail().text.view()} : why.message();
}

}  // namespace

std::string_view describe(start_error error) noexcept {
  switch (error) {
    case start_error::manifest:
      return "the manifest cannot be used as it is";
    case start_error::host:
      return "the host cannot have its tenant";
    case start_error::module:
      return "a module did not start";
    case start_error::plugin:
      return "a plugin did not start";
    case start_error::process:
      return "a process did not start";
  }
  return "unknown start error";
}

// The members are in the order of their start, so they also end in order.
struct runtime::state {
  state(const manifest& m, runtime_options o)
      : plan{m},
        options{std::move(o)},
        board{options.now},
        actors{options.actors},
        mail{std::make_shared<host::segment_mail>(actors)},
        plugins{actors, mail, options.now},
        processes{events.processes} {}

  using outcome = result<void, start_error>;

  outcome start(std::span<const module_description> known,
                const std::shared_ptr<state>& self) {
    auto chosen = choose_modules(known);
    if (!chosen) return unexpected{chosen.error()};
    auto taken = host::host_lock::take(options.segment_folder, plan.tenant());
    if (!taken) {
      return unexpected{start_error::host, taken.error().message()};
    }
    lock = std::move(*taken);
    offer_services(self);
    actors.spawn<host::alarm_inbox>(COMMY_ALARM_ACTOR, events.alarms);
    if (auto done = start_modules(*chosen); !done) return done;
    if (auto done = start_plugins(); !done) return done;
    if (auto done = open_mail(); !done) return done;
    return start_processes();
  }

  stop_report stop() {
    stop_report report;
    if (stopped) return report;
    stopped = true;
    const auto add = [&](std::vector<std::string> late) {
      for (auto& text : late)
        report.late.push_back(std::move(text));
    };
    for (const auto& name : processes.stop()) {
      report.late.push_back("process " + name + " had to be killed");
    }
    mail->close();
    add(plugins.stop());
    if (modules) add(modules->stop());
    for (const auto& late : actors.shutdown(actors_stop_within)) {
      report.late.push_back("actor " + late.name + " is still " + late.doing);
    }
    lock = {};
    return report;
  }

  const manifest plan;
  const runtime_options options;
  host_events events;
  host::health_board board;
  host::host_lock lock;
  actor_system actors;
  std::shared_ptr<host::segment_mail> mail;
  module_context::services services;
  std::optional<host::module_set> modules;
  host::plugin_set plugins;
  event_subscription watch;  // Before `processes`, which publishes to it.
  host::children processes;
  bool stopped = false;

  std::mutex mutex;
  std::condition_variable changed;
  bool stop_requested = false;

private:
  void offer_services(const std::shared_ptr<state>& self) {
    services.plan = &plan;
    services.actors = &actors;
    services.events = &events;
    services.health = &board;
    services.segment_folder = options.segment_folder;
    services.now = options.now;
    services.processes = [this] { return processes.states(); };
    services.plugin_health = [this] { return plugins.health(); };
    services.serve = [this](const segment& shared) {
      return mail->open(shared);
    };
    modules.emplace(services, self);
    watch = events.processes.subscribe([this](const process_event& event) {
      using kind = process_event::kind;
      const auto name = "process " + event.name;
      if (event.what == kind::started) {
        board.report(name, health_state::ready, {});
      } else if (event.what == kind::gave_up) {
        board.report(name, health_state::failed, event.text);
      }
    });
  }

  using chosen_modules = std::vector<const module_description*>;

  // In the order of their start.
  result<chosen_modules, start_error> choose_modules(
      std::span<const module_description> known) {
    manifest_problems problems{plan.origin()};
    plan.check_modules(known, problems);
    if (!problems.none()) {
      return unexpected{start_error::manifest,
                        problems.all().front().message()};
    }
    chosen_modules chosen;
    for (const auto& name : plan.modules()) {
      chosen.push_back(
          &*std::find_if(known.begin(), known.end(),
                         [&](const auto& m) { return m.name == name; }));
    }
    return host::order_modules(chosen, problems);
  }

  outcome start_modules(const chosen_modules& chosen) {
    manifest_problems problems;  // None are left: `choose_modules` has looked.
    for (const auto* module : chosen) {
      const auto values =
          plan.module_options(module->name, module->options, problems);
      if (auto done = modules->start(*module, values); !done) {
        return unexpected{start_error::module, cause(done.error())};
      }
    }
    return {};
  }

  outcome start_plugins() {
    for (std::size_t i = 0; i < plan.plugins().size(); ++i) {
      const auto& entry = plan.plugins()[i];
      const auto path =
          host::find_file(entry.path, plan.folder(), options.plugin_folders);
      if (!path) {
        std::string where = entry.id + ": " + entry.path + " in";
        for (const auto& place : options.plugin_folders)
          where += " " + place;
        return unexpected{start_error::plugin,
                          where + " " + plan.folder() + ": " +
                              std::string{describe(plugin_error::not_found)}};
      }
      auto table = host::load_plugin(*path, entry.id);
      if (!table) {
        return unexpected{start_error::plugin, table.error().message()};
      }
      if (auto done = plugins.start(plan, i, std::move(*table)); !done) {
        return unexpected{start_error::plugin, done.error().message()};
      }
    }
    return {};
  }

  // Last before the processes, which then find every name.
  outcome open_mail() {
    std::vector<std::string> names{COMMY_ALARM_ACTOR};
    for (const auto& entry : plan.plugins()) {
      for (const auto& actor : entry.actors)
        names.push_back(actor.first);
    }
    for (const auto& name : names) {
      if (auto done = mail->publish(name); !done) {
        return unexpected{start_error::host, "the actor " + name +
                                                 " cannot be published: " +
                                                 done.error().message()};
      }
    }
    return {};
  }

  outcome start_processes() {
    for (const auto& entry : plan.processes()) {
      const auto program = host::find_file(entry.program, plan.folder(),
                                           options.program_folders);
      if (!program) {
        return unexpected{start_error::process,
                          entry.name + ": there is no program " +
                              entry.program + " beside this one or in " +
                              plan.folder()};
      }
      board.expect("process " + entry.name);
      const auto done =
          processes.start_one(entry, *program,
                              {{"COMMY_HOST", plan.name()},
                               {"COMMY_TENANT", plan.tenant()},
                               {"COMMY_PROCESS", entry.name},
                               {"COMMY_DIRECTORY", options.segment_folder}});
      if (!done) {
        return unexpected{start_error::process, done.error().message()};
      }
    }
    return {};
  }
};

runtime::runtime(std::shared_ptr<state> s) noexcept : state_{std::move(s)} {}
runtime::runtime(runtime&&) noexcept = default;
runtime& runtime::operator=(runtime&& other) noexcept {
  runtime old{std::move(*this)};
  state_ = std::move(other.state_);
  return *this;
}
runtime::~runtime() { static_cast<void>(stop()); }

result<runtime, start_error> runtime::start(
    const manifest& plan, std::span<const module_description> modules,
    const runtime_options& options) {
  auto made = std::make_shared<state>(plan, with_defaults(options));
  runtime host{made};
  if (auto done = made->start(modules, made); !done) {
    return unexpected{done.error()};
  }
  log(log_level::info, "host",
      "host " + plan.name() + " of tenant " + plan.tenant() + " is up");
  return host;
}

actor_system& runtime::actors() const noexcept { return state_->actors; }
segment_mail& runtime::mail() const noexcept { return *state_->mail; }
host_events& runtime::events() const noexcept { return state_->events; }
const manifest& runtime::plan() const noexcept { return state_->plan; }

std::vector<health_report> runtime::health() const {
  auto reports = state_->board.all();
  for (auto& report : state_->plugins.health()) {
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<host::child_state> runtime::processes() const {
  return state_->processes.states();
}

void runtime::request_stop() const noexcept {
  const std::lock_guard hold{state_->mutex};
  state_->stop_requested = true;
  state_->changed.notify_all();
}

stop_report runtime::wait_until_stopped() {
  {
    std::unique_lock hold{state_->mutex};
    state_->changed.wait(hold, [this] { return state_->stop_requested; });
  }
  return stop();
}

stop_report runtime::stop() {
  if (state_ == nullptr) return {};
  auto report = state_->stop();
  if (!report.late.empty()) {
    // What is late may use any of it; see the header.
    static std::mutex mutex;
    static auto& kept = *new std::vector<std::shared_ptr<state>>;
    const std::lock_guard hold{mutex};
    kept.push_back(state_);
  }
  return report;
}

}  // namespace commy
