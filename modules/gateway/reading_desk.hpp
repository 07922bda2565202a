// modules/gateway/reading_desk.hpp: threads that may wait for writers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace commy::gateway {

/// Runs jobs in the order they come, in a few threads, so that the server's own
/// thread never waits. Threads: any.
class reading_desk {
public:
  using job = std::function<void()>;

  /// At most `jobs_max` wait at a time.
  reading_desk(unsigned threads, std::size_t jobs_max);
  reading_desk(const reading_desk&) = delete;
  reading_desk& operator=(const reading_desk&) = delete;
  /// Drops jobs that have not begun, waits for those that have.
  ~reading_desk();

  /// False when too many wait already. What the job throws is logged.
  [[nodiscard]] bool submit(job work);

private:
  void run();

  const std::size_t jobs_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::deque<job> jobs_;
  std::vector<std::thread> threads_;
};

}  // namespace commy::gateway
