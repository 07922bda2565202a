#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace commy::test {

/// Where a number of threads wait for each other, any number of times. In
/// place of `std::barrier`, which loses a wake-up now and then where the
/// library has no futex (mingw's libstdc++ looks at the word before it takes
/// the lock it sleeps under).
class meeting_point {
public:
  explicit meeting_point(std::size_t threads) : expected_{threads} {}

  void arrive_and_wait() {
    std::unique_lock hold{mutex_};
    const auto round = round_;
    if (++arrived_ == expected_) {
      arrived_ = 0;
      ++round_;
      all_here_.notify_all();
      return;
    }
    all_here_.wait(hold, [&] { return round_ != round; });
  }

private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  std::size_t expected_;
  std::size_t arrived_ = 0;
  std::size_t round_ = 0;
};

}  // namespace commy::test
