#include "modules/heartbeat/watcher.hpp"

#include <commy/base/log.hpp>
#include <commy/platform/boot_clock.hpp>
#include <commy/platform/thread_hint.hpp>

#include <exception>
#include <utility>

namespace commy::heartbeat {
namespace {

bool is_end(process_event::kind what) {
  return what == process_event::kind::exited ||
         what == process_event::kind::stopped_late;
}

// A host has at most some hundred child processes; should events pour in while
// a round hangs, the oldest news are the ones to lose.
constexpr std::size_t killed_max = 1024;

log_level level_of(participant_event::kind what) {
  return what == participant_event::kind::slow ||
                 what == participant_event::kind::dead
             ? log_level::warning
             : log_level::info;
}

}  // namespace

watcher::watcher(std::vector<segment> segments, host_events& events,
                 options how)
    : events_{events}, how_{std::move(how)} {
  for (auto& s : segments) {
    watch_list list{s.name(), how_.slow_after};
    entries_.push_back({std::move(s), std::move(list)});
  }
  processes_ = events_.processes.subscribe([this](const process_event& e) {
    if (!is_end(e.what) || e.pid == 0) return;
    const std::lock_guard hold{mutex_};
    if (killed_.size() == killed_max) killed_.erase(killed_.begin());
    killed_.insert(e.pid);
    changed_.notify_all();
  });
  thread_ = std::thread{[this] { run(); }};
}

watcher::~watcher() {
  processes_ = {};
  {
    const std::lock_guard hold{mutex_};
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

std::vector<participant_report> watcher::reports() const {
  const auto now = platform::boot_clock_ns();
  std::vector<participant_report> all;
  const std::lock_guard hold{lists_mutex_};
  for (const auto& e : entries_) {
    for (auto& report : e.list.reports(now))
      all.push_back(std::move(report));
  }
  return all;
}

// The processes that ended since the round before the last one: the end of a
// process and the sweep of its slot may come in either order.
std::set<std::uint32_t> watcher::wait_for_round() {
  std::unique_lock hold{mutex_};
  changed_.wait_for(hold, how_.period,
                    [this] { return stop_ || !killed_.empty(); });
  auto news = std::exchange(killed_, {});
  auto all = news;
  all.merge(before_);
  before_ = std::move(news);
  return all;
}

void watcher::run() {
  platform::name_this_thread("commy-heartbeat");
  for (;;) {
    const auto killed = wait_for_round();
    {
      const std::lock_guard hold{mutex_};
      if (stop_) return;
    }
    try {
      round(killed);
      how_.after_round();
    } catch (const std::exception& e) {
      // Out of memory. The next round tries again; if that goes on, the
      // promised report stays out and the module is late.
      log(log_level::error, "heartbeat", e.what());
    }
  }
}

void watcher::round(const std::set<std::uint32_t>& killed) {
  for (auto& e : entries_) {
    auto& shared = e.shared;
    shared.beat();
    const auto seen = shared.participants();
    const auto now = platform::boot_clock_ns();
    std::vector<participant_event> news;
    {
      const std::lock_guard hold{lists_mutex_};
      news = e.list.look(seen, now, killed);
    }
    bool dead = false;
    for (const auto& info : seen)
      dead = dead || !info.alive;
    if (dead) shared.sweep();
    for (const auto& n : news) {
      log(level_of(n.what), "heartbeat",
          n.segment + ": " + n.name + " (pid " + std::to_string(n.pid) + ") " +
              std::string{describe(n.what)});
      events_.participants.publish(n);
    }
  }
}

}  // namespace commy::heartbeat
