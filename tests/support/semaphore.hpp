// tests/support/semaphore.hpp: threads of a test that wait for each other.
#pragma once

#include <condition_variable>
#include <mutex>

namespace commy::test {

/// As `std::counting_semaphore`, which hangs in the libstdc++ of MinGW-w64
/// (g++ 12; `std::atomic::wait` beneath it loses wake-ups).
class semaphore {
public:
  void release() {
    {
      const std::lock_guard hold{mutex_};
      ++count_;
    }
    changed_.notify_one();
  }
  void acquire() {
    std::unique_lock hold{mutex_};
    changed_.wait(hold, [this] { return count_ > 0; });
    --count_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

}  // namespace commy::test
