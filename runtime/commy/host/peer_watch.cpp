#include <commy/base/log.hpp>
#include <commy/host/peer_watch.hpp>
#include <commy/platform/boot_clock.hpp>
#include <commy/platform/thread_hint.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace commy::host {

using memory::slot_word;
using platform::process_end;

peer_watch::~peer_watch() {
  {
    const std::lock_guard hold{mutex_};
    stop_ = true;
  }
  processes_.interrupt();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t peer_watch::add(std::shared_ptr<memory::engine> of,
                              memory::slot_index slot, std::uint64_t generation,
                              std::string title, listener on_end) {
  const auto& record = of->img().slot(slot);
  const slot_word word{record.word.load(std::memory_order_acquire)};
  const std::lock_guard hold{mutex_};
  const auto key = ++last_key_;
  const bool by_kernel = processes_.add(
      key, {word.pid(), record.started.load(std::memory_order_relaxed)});
  all_.push_back({key, std::move(of), slot, generation, std::move(title),
                  std::move(on_end), by_kernel, false, std::nullopt});
  if (!thread_.joinable()) {
    thread_ = std::thread{[this] { run(); }};
  } else {
    processes_.interrupt();
  }
  return key;
}

void peer_watch::remove(std::uint64_t key) noexcept {
  // Destroyed without the lock: it may hold the last share of a segment.
  std::vector<watched> ended;
  {
    const std::lock_guard hold{mutex_};
    const auto at =
        std::find_if(all_.begin(), all_.end(),
                     [&](const watched& w) { return w.key == key; });
    if (at != all_.end()) {
      ended.push_back(std::move(*at));
      all_.erase(at);
    }
  }
  processes_.remove(key);
  if (std::this_thread::get_id() != thread_.get_id()) {
    const std::lock_guard wait{telling_};
  }
}

void peer_watch::suspect(std::uint64_t key) {
  {
    const std::lock_guard hold{mutex_};
    for (auto& w : all_) {
      if (w.key == key && !w.closed_at) w.closed_at = clock::now();
    }
  }
  processes_.interrupt();
}

bool peer_watch::has_slot(const watched& whom) {
  const slot_word word{
      whom.of->img().slot(whom.slot).word.load(std::memory_order_acquire)};
  return word.state() == memory::slot_state::live &&
         word.generation() == whom.generation;
}

bool peer_watch::is_gone(const watched& whom) {
  return !whom.of->usable() || !has_slot(whom) || whom.of->is_dead(whom.slot);
}

peer_end peer_watch::end_of(const watched& whom,
                            const platform::exit_status& how) {
  // One that has given its slot back, and then succeeded, left in order; or
  // somebody else has swept it already, but then it is likely to have failed.
  if (whom.of->usable() && !has_slot(whom) && how == platform::exit_status{}) {
    return {};
  }
  return {true, how};
}

std::chrono::nanoseconds peer_watch::longest_sleep() {
  const std::lock_guard hold{mutex_};
  if (stop_) return {};
  std::chrono::nanoseconds sleep = std::chrono::hours{24};
  for (const auto& w : all_) {
    if (!w.by_kernel)
      sleep = std::min<std::chrono::nanoseconds>(sleep, probe_every);
    if (w.closed_at)
      sleep = std::min<std::chrono::nanoseconds>(sleep, news_within);
  }
  if (limit_.count() > 0 && !all_.empty()) sleep = std::min(sleep, limit_ / 4);
  return sleep;
}

void peer_watch::on_silence(std::chrono::nanoseconds limit,
                            silence_listener hear) {
  Expects(limit.count() > 0);
  {
    const std::lock_guard hold{mutex_};
    limit_ = limit;
    on_silence_ = std::move(hear);
  }
  processes_.interrupt();
}

void peer_watch::listen() {
  std::vector<peer_silence> news;
  silence_listener hear;
  {
    const std::lock_guard hold{mutex_};
    if (limit_.count() == 0) return;
    hear = on_silence_;
    const auto now = platform::boot_clock_ns();
    for (auto& w : all_) {
      if (!w.of->usable()) continue;
      // relaxed: a number of its own. It is shared bytes: a beat in the future
      // is as good as one just now.
      const auto beat =
          w.of->img().slot(w.slot).heartbeat_ns.load(std::memory_order_relaxed);
      if (beat == 0) continue;
      const std::chrono::nanoseconds age{
          beat >= now ? 0 : static_cast<std::int64_t>(now - beat)};
      if ((age > limit_) == w.silent) continue;
      w.silent = !w.silent;
      news.push_back({w.title, !w.silent, age});
    }
  }
  for (const auto& n : news) {
    try {
      hear(n);
    } catch (const std::exception& error) {
      log(log_level::error, "host",
          "a listener for silent peers failed: " + std::string{error.what()});
    }
  }
}

void peer_watch::run() {
  platform::name_this_thread("commy peers");
  for (;;) {
    const auto sleep = longest_sleep();
    if (sleep == std::chrono::nanoseconds{}) return;
    look(processes_.wait(sleep));
    listen();
  }
}

void peer_watch::look(const std::vector<process_end>& ended) {
  std::vector<std::pair<watched, peer_end>> told;
  const std::lock_guard calls{telling_};
  {
    const std::lock_guard hold{mutex_};
    const auto now = clock::now();
    for (auto at = all_.begin(); at != all_.end();) {
      const auto news =
          std::find_if(ended.begin(), ended.end(),
                       [&](const process_end& e) { return e.key == at->key; });
      std::optional<peer_end> end;
      if (news != ended.end()) {
        // Else the pid was somebody else's, or a descendant keeps the lock.
        at->by_kernel = false;
        if (is_gone(*at)) end = end_of(*at, news->how);
      } else if (!at->by_kernel && is_gone(*at)) {
        // An attachment that ends in order has freed its slot.
        end = peer_end{at->of->usable() && at->of->is_dead(at->slot), {}};
      } else if (at->closed_at && now - *at->closed_at >= news_within) {
        end = peer_end{};
      }
      if (!end) {
        ++at;
        continue;
      }
      told.emplace_back(std::move(*at), *end);
      at = all_.erase(at);
    }
  }
  for (const auto& [whom, end] : told) {
    processes_.remove(whom.key);
    tell(whom, end);
  }
}

void peer_watch::tell(const watched& whom, const peer_end& end) {
  try {
    whom.on_end(end);
  } catch (const std::exception& error) {
    log(log_level::error, "host",
        "what follows from a participant's end failed: " +
            std::string{error.what()});
  }
  // After those who wait have been told: it may take a while.
  if (whom.of->usable()) whom.of->recover(whom.slot);
}

}  // namespace commy::host
