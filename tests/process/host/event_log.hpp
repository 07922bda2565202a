// event_log.hpp: what was published, and waiting for it.
#pragma once

#include <commy/host/event_channel.hpp>
#include <commy/host/messages/process_event.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Keeps each process event of a channel.
class event_log {
public:
  using kind = commy::process_event::kind;

  explicit event_log(commy::event_channel<commy::process_event>& channel)
      : subscription_{channel.subscribe([this](const auto& event) {
          const std::lock_guard hold{mutex_};
          events_.push_back(event);
          changed_.notify_all();
        })} {}

  /// The `nth` event of that kind (the first is 1), or nothing after 20 s.
  std::optional<commy::process_event> wait_for(kind what, std::size_t nth = 1) {
    std::unique_lock hold{mutex_};
    std::optional<commy::process_event> found;
    changed_.wait_for(hold, std::chrono::seconds{20}, [&] {
      std::size_t count = 0;
      for (const auto& event : events_) {
        if (event.what == what && ++count == nth) {
          found = event;
          return true;
        }
      }
      return false;
    });
    return found;
  }

  std::vector<kind> kinds() const {
    const std::lock_guard hold{mutex_};
    std::vector<kind> kinds;
    for (const auto& event : events_)
      kinds.push_back(event.what);
    return kinds;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<commy::process_event> events_;
  // Last: its end waits for calls that use the members above.
  commy::event_subscription subscription_;
};
