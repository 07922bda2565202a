// commy/message/topic_watch.hpp: makes a subscription an event to wait on.
#pragma once

#include <commy/platform/event_flag.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace commy::message {

class topic_subscriber;

/// A thread that waits for a subscriber's next message and sets a flag, on
/// which an event loop sleeps. Neither an eventfd nor a pipe of this process
/// can be written by another one that was not given it, and publishers know
/// only lanes: so it is this process that turns a wake of a lane into an event.
///
/// Level triggered: the flag is set while something may be there, and cleared
/// by the `try_take` that finds nothing; then the thread sleeps again, and
/// looks once more itself before. Cost: one thread with one lane; a wake of
/// that thread and one write for each time the flag turns set, so about twice
/// the delay of `wait`; nothing for a message that comes while it is set.
class topic_watch {
public:
  using clock = std::chrono::steady_clock;

  /// `of` outlives it. Throws std::system_error.
  explicit topic_watch(topic_subscriber& of);
  topic_watch(const topic_watch&) = delete;
  topic_watch& operator=(const topic_watch&) = delete;
  ~topic_watch();

  [[nodiscard]] platform::native_event native() const noexcept {
    return flag_.native();
  }
  /// The reader has looked in vain. Cost: a load, when it is not set.
  void found_nothing() noexcept;
  /// For the reading thread, in place of a sleep of its own.
  [[nodiscard]] bool wait(clock::time_point deadline);
  /// Sets the flag. Threads: any.
  void raise() noexcept;

private:
  struct reader;
  void run();

  topic_subscriber& of_;
  std::mutex mutex_;  // Of flag and `set_`, which are changed together.
  std::condition_variable cleared_;
  platform::event_flag flag_;
  std::atomic<bool> set_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace commy::message
