// commy/host/event_channel.hpp: from those who know something to those who ask.
#pragma once

#include <gsl/gsl>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace commy {

/// Ends with its destruction, which waits for a call that is under way; so not
/// from within that call.
class event_subscription {
public:
  event_subscription() noexcept = default;
  explicit event_subscription(std::function<void()> end)
      : end_{std::move(end)} {}
  event_subscription(event_subscription&& other) noexcept
      : end_{std::exchange(other.end_, nullptr)} {}
  event_subscription& operator=(event_subscription&& other) noexcept {
    std::swap(end_, other.end_);
    return *this;
  }
  ~event_subscription() {
    if (end_) end_();
  }

private:
  std::function<void()> end_;
};

/// Hands each published event to all subscribers, in the publisher's thread. A
/// subscriber does not block, throw or publish the same kind of event: as a
/// rule it tells an actor. Calls to one subscriber never overlap. Threads: any.
template <class Event>
class event_channel {
public:
  using callback = std::function<void(const Event&)>;

  event_channel() : state_{std::make_shared<state>()} {}

  /// Requires: fewer than 64 subscriptions (modules and tests are fewer).
  [[nodiscard]] event_subscription subscribe(callback call) {
    auto added = std::make_shared<entry>();
    added->call = std::move(call);
    {
      const std::lock_guard hold{state_->mutex};
      Expects(state_->entries.size() < 64);
      state_->entries.push_back(added);
    }
    return event_subscription{[state = state_, added] {
      {
        const std::lock_guard hold{state->mutex};
        std::erase(state->entries, added);
      }
      const std::lock_guard wait{added->mutex};
      added->call = nullptr;
    }};
  }

  void publish(const Event& event) const {
    // A copy: a subscriber may subscribe to something else meanwhile.
    const auto entries = [this] {
      const std::lock_guard hold{state_->mutex};
      return state_->entries;
    }();
    for (const auto& e : entries) {
      const std::lock_guard hold{e->mutex};
      if (e->call) e->call(event);
    }
  }

private:
  struct entry {
    std::mutex mutex;
    callback call;  // Null once the subscription has ended.
  };
  struct state {
    std::mutex mutex;
    std::vector<std::shared_ptr<entry>> entries;
  };
  std::shared_ptr<state> state_;  // Subscriptions may outlive the channel.
};

}  // namespace commy
