// modules/gateway/feed.hpp: one watched thing, read once for all who watch.
#pragma once

#include "modules/gateway/source.hpp"
#include "modules/gateway/watch_delta.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace commy::gateway {

/// Waits for changes in a thread of its own, and encodes each once, however
/// many sessions watch. A session that joins, or that has missed something,
/// asks for a snapshot; it then gets all events after the snapshot and none
/// from before, since one thread makes both in order.
class feed {
public:
  /// The end of an event's text, from `"phase"` on: what comes before it names
  /// the session's watch.
  using tail = std::shared_ptr<const std::string>;
  using joiner = std::uint64_t;

  /// Where news go. Called in the feed's thread; must not wait for it.
  struct outlet {
    /// For all who have had their snapshot; null: they need another one.
    std::function<void(tail event)> event;
    std::function<void(joiner who, std::vector<tail> pages)> snapshot;
    /// The thing is gone, or cannot be read any more; nothing follows.
    std::function<void(tail event)> end;
  };

  /// At most `max_hz` events a second. `fields`, if any, are the only ones
  /// told.
  feed(std::shared_ptr<source> from, std::vector<std::string> fields,
       double max_hz, outlet to);
  feed(const feed&) = delete;
  feed& operator=(const feed&) = delete;
  /// Ends the thread, which may take `read_patience`.
  ~feed();

  /// Asks for a snapshot, of a queue with its `last` elements. Threads: any.
  void join(joiner who, std::uint64_t last);
  /// To be called once for each call of the outlet, when it has been dealt
  /// with: a feed that is ahead of its receiver conflates. Threads: any.
  void taken() noexcept;

private:
  struct request {
    joiner who;
    std::uint64_t last;
  };
  void run();
  bool publish(const std::vector<request>& joiners);
  void hand_over(const std::function<void()>& call);

  const std::shared_ptr<source> from_;
  const outlet to_;
  const std::chrono::nanoseconds pause_;
  watch_delta delta_;  // Of the thread alone.

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  unsigned untaken_ = 0;
  std::vector<request> joiners_;
  std::thread thread_;
};

}  // namespace commy::gateway
