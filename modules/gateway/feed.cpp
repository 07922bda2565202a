#include "modules/gateway/feed.hpp"

#include "modules/gateway/json_text.hpp"
#include "modules/gateway/limits.hpp"
#include <commy/base/log.hpp>
#include <commy/platform/thread_hint.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace commy::gateway {
namespace {

using clock = std::chrono::steady_clock;

// How long a wait for changes may keep a joiner, or the end, waiting. Each is
// one wake-up of a thread that then goes back to sleep.
constexpr auto slice = 50ms;
// News that the receiver has not dealt with. One would do; a second lets the
// feed encode while the first is handed out.
constexpr unsigned untaken_max = 2;

feed::tail end_of(std::string_view why) {
  std::string text{R"("phase":"end","why":)"};
  append_json(text, why);
  return std::make_shared<const std::string>(text + "}}");
}

feed::tail mark_of(std::uint64_t version) {
  return std::make_shared<const std::string>(R"("phase":"mark","version":)" +
                                             std::to_string(version) + "}}");
}

}  // namespace

feed::feed(std::shared_ptr<source> from, std::vector<std::string> fields,
           double max_hz, outlet to)
    : from_{std::move(from)},
      to_{std::move(to)},
      pause_{static_cast<std::int64_t>(1e9 / max_hz)},
      delta_{from_->how(), std::move(fields)},
      thread_{[this] { run(); }} {}

feed::~feed() {
  {
    const std::lock_guard hold{mutex_};
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void feed::join(joiner who, std::uint64_t last) {
  const std::lock_guard hold{mutex_};
  joiners_.push_back({who, last});
  changed_.notify_all();
}

void feed::taken() noexcept {
  const std::lock_guard hold{mutex_};
  --untaken_;
  changed_.notify_all();
}

void feed::hand_over(const std::function<void()>& call) {
  {
    const std::lock_guard hold{mutex_};
    ++untaken_;
  }
  call();
}

void feed::run() {
  platform::name_this_thread("commy-feed");
  auto last_word = clock::now();
  auto next = last_word;
  try {
    for (;;) {
      std::vector<request> joiners;
      {
        // Not before the pause is over, nor while the receiver lags behind.
        std::unique_lock hold{mutex_};
        const auto may_go = [&] {
          return stop_ || (untaken_ < untaken_max && clock::now() >= next);
        };
        while (!may_go()) {
          changed_.wait_until(hold, std::max(next, clock::now() + slice));
        }
        if (stop_) return;
        joiners = std::exchange(joiners_, {});
      }
      if (joiners.empty() && !from_->wait(delta_.version(), slice)) {
        if (clock::now() - last_word >= mark_every) {
          last_word = clock::now();
          hand_over([&] { to_.event(mark_of(delta_.version())); });
        }
        continue;
      }
      next = clock::now() + pause_;
      if (!publish(joiners)) return;
      last_word = clock::now();
    }
  } catch (const std::exception& e) {
    // Out of memory, as a rule.
    log(log_level::error, "gateway", e.what());
    hand_over([&] { to_.end(end_of("failed")); });
  }
}

// False when nothing can follow.
bool feed::publish(const std::vector<request>& joiners) {
  std::uint64_t most = 0;
  for (const auto& j : joiners)
    most = std::max(most, j.last);
  auto done = delta_.advance(*from_, most);
  if (!done && done.error() == read_error::busy) {
    // A stopped writer holds it. Those who wait for a snapshot go on waiting.
    const std::lock_guard hold{mutex_};
    joiners_.insert(joiners_.begin(), joiners.begin(), joiners.end());
    return true;
  }
  if (!done || done->too_large) {
    const auto why =
        done ? std::string_view{"too_large"} : describe(done.error().code());
    hand_over([&] { to_.end(end_of(why)); });
    return false;
  }
  // The event before the snapshots, whose receivers must not see it.
  if (done->lost) {
    hand_over([&] { to_.event(nullptr); });
  } else if (done->event) {
    hand_over([&] { to_.event(std::move(done->event)); });
  }
  for (const auto& j : joiners) {
    hand_over([&] { to_.snapshot(j.who, delta_.snapshot(j.last)); });
  }
  return true;
}

}  // namespace commy::gateway
