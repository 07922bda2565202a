// commy/platform/wake.hpp: threads of any process sleep on their lane's word.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace commy::platform {

/// A parking lot for the lanes of one segment. Each lane has one 32-bit park
/// word in shared memory; only the thread that leases the lane sleeps on it.
/// On Linux this is a futex (also across processes, also through a read-only
/// mapping); on Windows, which has no futex between processes, an auto-reset
/// event named after the segment's nonce and the lane's index.
///
/// Protocol: the sleeper reads its word, publishes what it waits for, checks
/// the condition once more and calls `park` with the value it read. The waker
/// makes the condition true and calls `unpark`, which adds one to the word
/// first: so no wake is lost. Wakes may be spurious.
class parking_lot {
public:
  explicit parking_lot(std::uint64_t segment_nonce = 0) noexcept;
  parking_lot(parking_lot&& other) noexcept;
  parking_lot& operator=(parking_lot&& other) noexcept;
  ~parking_lot();

  /// Sleeps while `word == seen`, at most `at_most`. Returns at once when it
  /// differs. Spurious returns are allowed.
  void park(std::uint32_t lane, const std::atomic<std::uint32_t>& word,
            std::uint32_t seen, std::chrono::nanoseconds at_most) noexcept;

  /// Adds one to `word` (release, pairs with the acquire load of the sleeper's
  /// next look) and wakes the lane's sleeper, if any. Cost without a sleeper:
  /// one system call; the caller skips it when it knows there is none.
  void unpark(std::uint32_t lane, std::atomic<std::uint32_t>& word) noexcept;

private:
  // Windows: the cache of opened events. Null on Linux.
  [[maybe_unused]] void* events_ = nullptr;
  std::uint64_t nonce_ = 0;
};

}  // namespace commy::platform
