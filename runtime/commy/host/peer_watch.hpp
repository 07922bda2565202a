// commy/host/peer_watch.hpp: tells at once when participants of segments end.
#pragma once

#include <commy/memory/engine.hpp>
#include <commy/platform/process_watch.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace commy {

/// The heart of a process that we have to do with has stopped to beat, or beats
/// again: a hang, a debugger, a machine that is too busy. Nothing ends by it;
/// the kernel alone says who is dead. Hearts beat by `segment::beat`, which
/// module heartbeat calls for its host; who never did is never silent.
struct peer_silence {
  std::string peer;                // "process 12 (sampler) of segment 'shop'"
  bool is_over = false;            // It beats again.
  std::chrono::nanoseconds age{};  // Of its last beat.
};
using silence_listener = std::function<void(const peer_silence&)>;

}  // namespace commy

namespace commy::host {

/// How a participant has ended: its process, or its attachment alone.
struct peer_end {
  bool died = false;
  platform::exit_status how{platform::exit_status::kind::unknown, 0};
};

/// Watches participants, and what of them the kernel tells: a thread sleeps
/// until one of their processes ends. The lock on the participant's slot has
/// the last word, so a pid that means somebody else does no harm; those whose
/// processes the system will not watch are probed, every 5 ms. The dead are
/// swept at once. Threads: any.
class peer_watch {
public:
  using listener = std::function<void(const peer_end&)>;
  /// Of participants that cannot be watched: a lookup of 0.6 us each, far less
  /// than a hundredth of a core, and no person sees the delay.
  static constexpr std::chrono::milliseconds probe_every{5};
  /// How long to wait for the news of a process's end, when its inbox is found
  /// closed: its files are closed first.
  static constexpr std::chrono::milliseconds news_within{20};

  peer_watch() = default;
  peer_watch(const peer_watch&) = delete;
  peer_watch& operator=(const peer_watch&) = delete;
  ~peer_watch();

  /// Calls `on_end` once, on the watch's thread, when the participant that has
  /// `slot` in this generation has ended; soon if it has already. The first
  /// call starts the thread.
  std::uint64_t add(std::shared_ptr<memory::engine> of, memory::slot_index slot,
                    std::uint64_t generation, std::string title,
                    listener on_end);
  /// From now on `hear` is called, on the watch's thread, when a heart that
  /// has beaten has not for longer than `limit`, and when it beats again. The
  /// thread then looks four times within `limit`. Requires: a positive limit.
  void on_silence(std::chrono::nanoseconds limit, silence_listener hear);
  /// Waits for a call of `on_end` under way, except from within it.
  void remove(std::uint64_t key) noexcept;
  /// Somebody found its inbox closed: if no news of its process comes, its
  /// attachment alone has ended.
  void suspect(std::uint64_t key);

private:
  using clock = std::chrono::steady_clock;
  struct watched {
    std::uint64_t key;
    std::shared_ptr<memory::engine> of;
    memory::slot_index slot;
    std::uint64_t generation;
    std::string title;
    listener on_end;
    bool by_kernel;
    bool silent;
    std::optional<clock::time_point> closed_at;
  };

  void run();
  [[nodiscard]] std::chrono::nanoseconds longest_sleep();
  void look(const std::vector<platform::process_end>& ended);
  void listen();
  void tell(const watched& whom, const peer_end& end);
  [[nodiscard]] static bool has_slot(const watched& whom);
  [[nodiscard]] static bool is_gone(const watched& whom);
  [[nodiscard]] static peer_end end_of(const watched& whom,
                                       const platform::exit_status& how);

  platform::process_watch processes_;
  std::mutex mutex_;
  std::vector<watched> all_;
  std::uint64_t last_key_ = 0;
  bool stop_ = false;
  std::chrono::nanoseconds limit_{};  // Zero: nobody asks.
  silence_listener on_silence_;
  std::thread thread_;
  std::mutex telling_;  // Held during calls.
};

}  // namespace commy::host
