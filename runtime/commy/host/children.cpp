#include <commy/base/log.hpp>
#include <commy/host/children.hpp>
#include <commy/host/restart_budget.hpp>
#include <commy/platform/liveness.hpp>
#include <commy/platform/process.hpp>
#include <commy/platform/thread_hint.hpp>

#include <gsl/gsl>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace commy::host {

namespace {
using clock = std::chrono::steady_clock;
}

std::string_view describe(child_error error) noexcept {
  switch (error) {
    case child_error::not_started:
      return "the process could not be started";
  }
  return "unknown child error";
}

/// One process and the thread that watches it. `mutex_` guards everything the
/// thread shares with `stop` and `state`; it is never held while waiting for
/// the process, nor while an event is published.
class children::keeper {
public:
  keeper(event_channel<process_event>& events, const process_entry& entry,
         platform::spawn_options how)
      : events_{events},
        entry_{entry},
        how_{std::move(how)},
        budget_{entry.max_restarts, entry.within, platform::random_u64()} {}

  ~keeper() { static_cast<void>(stop(begin_stop())); }

  result<void, child_error> start() {
    started_ = clock::now();
    auto spawned = platform::child_process::spawn(how_);
    if (!spawned) {
      return unexpected{child_error::not_started, spawned.error().message()};
    }
    child_ = std::move(*spawned);
    thread_ = std::thread{[this] { keep(); }};
    return {};
  }

  /// Asks the process to end and tells until when it may take.
  clock::time_point begin_stop() {
    {
      const std::lock_guard hold{mutex_};
      stopping_ = true;
      child_.terminate();
    }
    changed_.notify_all();
    return clock::now() + entry_.stop_within;
  }

  /// Waits for the end; true when it had to be killed.
  bool stop(clock::time_point deadline) {
    {
      std::unique_lock hold{mutex_};
      if (thread_.joinable() &&
          !changed_.wait_until(hold, deadline, [this] { return done_; })) {
        late_ = true;
        child_.kill();
      }
    }
    if (thread_.joinable()) thread_.join();
    return late_;
  }

  child_state state() const {
    const std::lock_guard hold{mutex_};
    return {.name = entry_.name,
            .pid = child_.is_running() ? child_.pid() : 0,
            .restarts = restarts_,
            .gave_up = gave_up_};
  }

  const std::string& name() const noexcept { return entry_.name; }

private:
  void keep() {
    platform::name_this_thread("keep " + entry_.name);
    publish(process_event::kind::started, "");
    while (watch_one_life()) {
      if (!pause_and_restart()) break;
    }
    {
      const std::lock_guard hold{mutex_};
      done_ = true;
    }
    changed_.notify_all();
  }

  /// Waits until the process ends; true when it is to be started again.
  bool watch_one_life() {
    // Not under the mutex, hence beside `terminate` and `kill`, which this
    // member allows.
    if (alive_) child_.await_end();
    std::unique_lock hold{mutex_};
    std::string how = "could not be started";
    bool failed = true;
    if (alive_) {
      pid_ = child_.pid();
      const auto status = child_.try_wait();
      Ensures(status.has_value());
      how = status->text();
      failed = *status != platform::exit_status{};
    }
    const bool stopping = stopping_;
    const bool late = late_;
    hold.unlock();
    if (stopping) {
      publish(late ? process_event::kind::stopped_late
                   : process_event::kind::stopped,
              how);
      return false;
    }
    if (alive_) publish(process_event::kind::exited, how, failed);
    return entry_.restart == restart_policy::always ||
           (entry_.restart == restart_policy::on_failure && failed);
  }

  /// False when it is not to be started again after all.
  bool pause_and_restart() {
    const auto pause = budget_.pause_after(started_, clock::now());
    if (!pause) {
      {
        const std::lock_guard hold{mutex_};
        gave_up_ = true;
      }
      publish(process_event::kind::gave_up,
              "it ended more than " + std::to_string(entry_.max_restarts) +
                  " times within the time set by \"within\"; it stays down");
      return false;
    }
    publish(process_event::kind::restarting,
            "in " + std::to_string(pause->count()) + " ms");
    std::unique_lock hold{mutex_};
    if (changed_.wait_for(hold, *pause, [this] { return stopping_; })) {
      return false;
    }
    // Under the mutex: `begin_stop` then either prevents this process or finds
    // it to terminate.
    ++restarts_;
    started_ = clock::now();
    auto spawned = platform::child_process::spawn(how_);
    alive_ = spawned.has_value();
    if (alive_) child_ = std::move(*spawned);
    hold.unlock();
    if (alive_) {
      publish(process_event::kind::started, "");
    } else {
      publish(process_event::kind::start_failed, spawned.error().message());
    }
    return true;
  }

  void publish(process_event::kind what, std::string text,
               bool failed = false) {
    process_event event{.name = entry_.name,
                        .what = what,
                        .pid = 0,
                        .restarts = 0,
                        .text = std::move(text)};
    {
      const std::lock_guard hold{mutex_};
      event.pid = child_.is_running() ? child_.pid() : pid_;
      event.restarts = restarts_;
    }
    const bool bad = what == process_event::kind::gave_up ||
                     what == process_event::kind::start_failed ||
                     what == process_event::kind::stopped_late ||
                     (what == process_event::kind::exited && failed);
    log(bad ? log_level::warning : log_level::info, "host",
        "process " + event.name + " (pid " + std::to_string(event.pid) + ") " +
            std::string{describe(what)} +
            (event.text.empty() ? "" : ": " + event.text));
    events_.publish(event);
  }

  event_channel<process_event>& events_;
  const process_entry entry_;
  const platform::spawn_options how_;
  // Of the thread alone, after `start`.
  restart_budget budget_;
  clock::time_point started_;
  bool alive_ = true;  // The last spawn was good.
  // Guarded by the mutex.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  platform::child_process child_;
  std::uint32_t pid_ = 0;  // Of the process that ended last.
  std::uint32_t restarts_ = 0;
  bool stopping_ = false;
  bool late_ = false;
  bool gave_up_ = false;
  bool done_ = false;  // The thread does nothing any more.

  std::thread thread_;
};

children::children(event_channel<process_event>& events) : events_{events} {}
children::~children() { static_cast<void>(stop()); }

result<void, child_error> children::start_one(
    const process_entry& entry, const std::string& program,
    const std::vector<std::pair<std::string, std::string>>& added) {
  platform::spawn_options how;
  how.program = program;
  how.arguments = entry.arguments;
  how.environment = entry.environment;
  how.environment.insert(how.environment.end(), added.begin(), added.end());
  auto made = std::make_unique<keeper>(events_, entry, std::move(how));
  if (auto started = made->start(); !started) return started;
  const std::lock_guard hold{mutex_};
  keepers_.push_back(std::move(made));
  return {};
}

std::vector<std::string> children::stop() {
  std::vector<clock::time_point> deadlines;
  deadlines.reserve(keepers_.size());
  for (const auto& k : keepers_)
    deadlines.push_back(k->begin_stop());
  std::vector<std::string> late;
  for (std::size_t i = 0; i < keepers_.size(); ++i) {
    if (keepers_[i]->stop(deadlines[i])) late.push_back(keepers_[i]->name());
  }
  const std::lock_guard hold{mutex_};
  keepers_.clear();
  return late;
}

std::vector<child_state> children::states() const {
  std::vector<child_state> states;
  const std::lock_guard hold{mutex_};
  states.reserve(keepers_.size());
  for (const auto& k : keepers_)
    states.push_back(k->state());
  return states;
}

}  // namespace commy::host
