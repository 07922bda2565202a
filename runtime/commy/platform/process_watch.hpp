// commy/platform/process_watch.hpp: the ends of processes, whoever's they are.
#pragma once

#include <commy/platform/event_flag.hpp>
#include <commy/platform/liveness.hpp>
#include <commy/platform/process.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace commy::platform {

/// A process that has ended, and how: `unknown` where the system does not say.
struct process_end {
  std::uint64_t key = 0;
  exit_status how{exit_status::kind::unknown, 0};
};

/// Waits for the ends of any processes of this user, children or not. Linux: a
/// pidfd each; how one ended is said by /proc while nobody has waited for it,
/// later by kernels from 6.15 on. Windows: a process handle each.
/// Threads: one waits at a time; the other members from any.
class process_watch {
public:
  /// Windows waits for 64 things at once, one of which is ours.
  static constexpr std::size_t windows_most = 63;

  /// Throws `std::system_error` when the system gives no event.
  process_watch();
  process_watch(const process_watch&) = delete;
  process_watch& operator=(const process_watch&) = delete;
  ~process_watch();

  /// From now on `wait` tells the end of `who`, once. False when it cannot: it
  /// has ended, its start is not known or is another's (a pid that was used
  /// again, or means somebody else in our namespace), the kernel has no pidfds,
  /// no descriptor is left. Cost: four system calls.
  [[nodiscard]] bool add(std::uint64_t key, const process_identity& who);
  /// An end that `wait` is about to tell may still be told.
  void remove(std::uint64_t key) noexcept;

  /// Waits until processes have ended, or `interrupt`, or `at_most`; nothing in
  /// the latter cases.
  [[nodiscard]] std::vector<process_end> wait(std::chrono::nanoseconds at_most);
  /// Ends a `wait` now, or else the next one.
  void interrupt() noexcept { changed_.set(); }

private:
  struct watched {
    std::uint64_t key;
    process_identity who;
    std::intptr_t native;  // A pidfd, or a process's handle.
    bool removed;
  };

  event_flag changed_;
  std::mutex mutex_;
  std::vector<watched> all_;
};

}  // namespace commy::platform
