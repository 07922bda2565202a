// commy/message/core_crowd.hpp: whether a thread has its core for itself.
#pragma once

#include <commy/platform/thread_times.hpp>

#include <chrono>
#include <cstdint>

namespace commy::message {

/// Whether a thread that was ready to run has found its core taken lately. A
/// subscriber on such a core does not look for long for what may come: others
/// could use the core meanwhile, most likely to read the same. (Seven of them
/// on one core, which looked for 20 us each behind each message of 1 MiB, kept
/// each other waiting for a third of their time.) Not for readers that hold
/// conversations: two that stopped looking wake each other for each message,
/// which is so slow that neither ever finds one by looking again.
/// Threads: each its own.
class core_crowd {
public:
  using clock = std::chrono::steady_clock;
  /// From one question to the system to the next: 4 us, of which nothing is to
  /// be felt.
  static constexpr std::chrono::milliseconds interval{100};
  /// A thread shares its core if it waits for a quarter of the time that it
  /// runs, and for so long each time that it is woken: one alone that only does
  /// a little after each waits for 0.1 to 0.5 us, seven together waited for
  /// three times as long as they ran.
  static constexpr int share = 4;
  static constexpr std::chrono::microseconds wake_up{5};
  /// How long to look on such a core.
  static constexpr std::chrono::nanoseconds longest_look{500};

  static core_crowd& of_this_thread() noexcept;

  [[nodiscard]] bool is_crowded() const noexcept { return crowded_; }
  /// Asks the system when it is time to. To be called when there is time, since
  /// what was waited for has not come.
  void look(clock::time_point now) noexcept {
    if (now < next_) return;
    next_ = now + interval;
    note(platform::times_of_this_thread().value_or(so_far_));
  }
  /// What the system says.
  void note(const platform::thread_times& now) noexcept {
    const auto waited = now.waited - so_far_.waited;
    const auto slices = static_cast<std::int64_t>(now.slices - so_far_.slices);
    crowded_ = waited.count() > 0 && waited >= slices * wake_up &&
               waited * share >= now.ran - so_far_.ran;
    so_far_ = now;
  }

private:
  clock::time_point next_{};
  platform::thread_times so_far_;
  bool crowded_ = false;
};

}  // namespace commy::message
