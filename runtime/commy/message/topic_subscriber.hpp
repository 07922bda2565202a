// commy/message/topic_subscriber.hpp: reads a topic at a pace of its own.
#pragma once

#include <commy/memory/classes.hpp>
#include <commy/message/reader_wait.hpp>
#include <commy/message/topic_error.hpp>
#include <commy/message/topic_link.hpp>
#include <commy/platform/event_flag.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace commy {

struct subscribe_options {
  /// At most so many of the messages published before; never more than the
  /// topic's own history.
  std::uint32_t history = ~std::uint32_t{0};
  /// How long an idle subscriber sleeps before it looks by itself. Messages
  /// wake it at once; this bounds the harm when a publisher dies between
  /// filling a cell and waking, and nobody sweeps it, or when somebody
  /// scribbles.
  std::chrono::nanoseconds longest_nap = std::chrono::milliseconds{100};
  /// How to wait; see `message::waiting`.
  message::waiting how = message::waiting::adaptive;
};

/// What became of the messages for one subscription. Each number only grows.
struct subscription_statistics {
  std::uint64_t taken = 0;
  std::uint64_t missed = 0;   // Overwritten before they were read.
  std::uint64_t skipped = 0;  // Of publishers that died while publishing.
  std::uint64_t damaged = 0;  // Made no sense, or of another type.
};

namespace message {

template <class Reader>
class wake_watch;

/// A block of a topic that a subscriber holds.
struct held_block {
  memory::block_place place;
  memory::block_word word;     // IN_TOPIC
  memory::offset content = 0;  // In the block, or in its run.
  std::uint32_t bytes = 0;
  std::uint64_t missed = 0;  // Messages lost since the one before.
  memory::slot_index publisher = 0;
};

/// One entry of a topic's table, and the cursor that it owns. The topic's bytes
/// are hostile input: whatever they are, no call crashes, blocks or runs on
/// without end.
///
/// Invariant: positions below the cursor are done with: taken, skipped, or
/// counted as missed. The entry stays this participant's until the object ends,
/// which is after the last block was let go.
/// Threads: one at a time; `let_go`, `interrupt`, `statistics` and
/// `look_at_next` from any.
class topic_subscriber {
public:
  using clock = std::chrono::steady_clock;

  static result<std::shared_ptr<topic_subscriber>, subscribe_error> join(
      topic_link link, const subscribe_options& options);
  topic_subscriber(const topic_subscriber&) = delete;
  topic_subscriber& operator=(const topic_subscriber&) = delete;
  ~topic_subscriber();

  /// The next message of blocks lent for `type` with at least `bytes`, held
  /// until `let_go`; or nothing. Never waits. Cost: a compare-and-swap on the
  /// block's holder word and five cache lines; with `hold_publisher` an
  /// exchange.
  [[nodiscard]] std::optional<held_block> try_take(std::uint32_t type,
                                                   std::uint32_t bytes);
  /// Ends the hold. Cost: a compare-and-swap; whoever is the last to let go of
  /// a block that was overwritten frees it.
  void let_go(const held_block& block) noexcept;

  /// Waits until `try_take` may find something: spins a little, then sleeps.
  /// False at the deadline, when interrupted, and once the topic was removed.
  /// Skips claims of publishers that have died. Not inside a transaction.
  [[nodiscard]] bool wait(clock::time_point deadline);
  /// Ends a `wait` now, or the next one that would sleep.
  void interrupt() noexcept;
  /// Reads no more and holds nobody up; blocks that are held stay so.
  void leave() noexcept;

  /// What an event loop waits on; see wake_watch. Throws std::system_error.
  [[nodiscard]] platform::native_event wake_event();

  [[nodiscard]] const topic_link& link() const noexcept { return link_; }
  [[nodiscard]] bool is_open() const noexcept {
    return link_.owner()->usable() && link_.is_alive();
  }
  [[nodiscard]] subscription_statistics statistics() const noexcept;
  /// What is to be seen at the cursor now.
  [[nodiscard]] look look_at_next() const noexcept;

  // For reader_wait, by one thread at a time.
  void announce(std::uint64_t lane_plus_one) noexcept;
  void withdraw() noexcept;
  [[nodiscard]] bool is_interrupted() const noexcept {
    // relaxed: a hint.
    return interrupted_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool take_interrupt() noexcept {
    return interrupted_.exchange(false, std::memory_order_seq_cst);
  }
  [[nodiscard]] bool skip_dead_claim() noexcept;
  void check_all() noexcept;

  // For wake_watch.

  /// Puts scribbled cells right; the position that comes next, or 0 when there
  /// was no memory for it.
  std::uint64_t mend() noexcept;
  /// Reads where nothing will ever be? Then the next `try_take` puts it right.
  [[nodiscard]] bool is_astray() noexcept;
  void wake_sleeper() noexcept;
  [[nodiscard]] const std::shared_ptr<memory::engine>& owner() const noexcept {
    return link_.owner();
  }
  [[nodiscard]] std::chrono::nanoseconds longest_nap() const noexcept {
    return options_.longest_nap;
  }

private:
  topic_subscriber(topic_link link, const subscribe_options& options,
                   std::uint32_t index, memory::entry_word entry) noexcept;
  void begin() noexcept;
  [[nodiscard]] memory::topic_entry& entry() const noexcept {
    return link_.topic().entries[index_];
  }
  void move_to(std::uint64_t position) noexcept;
  void jump(std::uint64_t oldest) noexcept;
  [[nodiscard]] std::uint64_t oldest_behind(memory::cell_word seen,
                                            std::uint64_t position) noexcept;
  /// Holds what the cell names. Nothing: `lost` says whether it was overwritten
  /// meanwhile; else it made no sense.
  [[nodiscard]] std::optional<held_block> hold(const memory::topic_message& m,
                                               std::uint32_t type,
                                               std::uint32_t bytes);
  /// A counter that the reading thread alone changes: no locked instruction.
  static void bump(std::atomic<std::uint64_t>& counter,
                   std::uint64_t by = 1) noexcept {
    // relaxed: a statistic.
    counter.store(counter.load(std::memory_order_relaxed) + by,
                  std::memory_order_relaxed);
  }

  topic_link link_;
  subscribe_options options_;
  std::uint32_t index_;
  memory::entry_word entry_;  // LIVE
  spin_budget budget_;
  // Written by the reading thread; a watch looks at it as well.
  std::atomic<std::uint64_t> next_{0};
  std::uint64_t counted_from_ = 0;   // Nothing before was promised.
  std::uint64_t missed_before_ = 0;  // Not yet told.
  std::uint32_t empty_looks_ = 0;
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> check_wanted_{false};
  std::atomic<std::uint64_t> taken_{0}, missed_{0}, skipped_{0}, damaged_{0};
  wait_mark waiting_;
  std::unique_ptr<wake_watch<topic_subscriber>> watch_;  // When asked for.
  // The same, for interrupt().
  std::atomic<wake_watch<topic_subscriber>*> watching_{nullptr};
};

}  // namespace message
}  // namespace commy
