// commy/actor/run_queue.hpp: the actors that one worker will run next.
#pragma once

#include <commy/base/interleaving.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace commy::actors {

struct cell;

/// First in, first out; one worker pushes and pops, others may steal the older
/// half. Counters grow for ever, so a thief that slept cannot mistake a queue
/// that went around for one that stood still.
/// Source of the scheme: the run queue of the Go scheduler.
class run_queue {
public:
  /// 256 actors: enough that overflow (which goes to the shared lane and costs
  /// some 20 ns) is rare, little enough that all of it fits two pages.
  static constexpr std::size_t capacity = 256;

  /// False when full. Owner only.
  [[nodiscard]] bool try_push(cell& c) noexcept {
    // relaxed: only the owner writes `tail`.
    const auto tail = tail_.load(std::memory_order_relaxed);
    // acquire, pairs with [taken]: who took the old content of the slot has
    // read it.
    if (tail - head_.load(std::memory_order_acquire) == capacity) return false;
    COMMY_POINT("queue.push");
    slot(tail).store(&c, std::memory_order_relaxed);
    COMMY_POINT("queue.push.slot");
    // [queued] release, pairs with the acquire in steal_into().
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// The oldest, or null. Owner only.
  [[nodiscard]] cell* try_pop() noexcept {
    // relaxed: only the owner writes `tail`, and it wrote the slots itself or
    // took them over in steal_into().
    const auto tail = tail_.load(std::memory_order_relaxed);
    auto head = head_.load(std::memory_order_relaxed);
    while (head != tail) {
      auto* const c = slot(head).load(std::memory_order_relaxed);
      COMMY_POINT("queue.pop");
      // [taken] release: the slot has been read before it counts as free.
      if (head_.compare_exchange_weak(head, head + 1, std::memory_order_release,
                                      std::memory_order_relaxed)) {
        return c;
      }
    }
    return nullptr;
  }

  /// Exact if true: thieves only take. Owner only.
  [[nodiscard]] bool is_empty_to_owner() const noexcept {
    // relaxed: as in try_pop(); nothing is read that others wrote.
    return head_.load(std::memory_order_relaxed) ==
           tail_.load(std::memory_order_relaxed);
  }

  /// Moves the older half into the thief's own queue, which is empty, and
  /// returns one of them; null when there was nothing. Thief only.
  [[nodiscard]] cell* steal_into(run_queue& mine) noexcept {
    // acquire: orders it before the load of `tail`, so the difference is never
    // negative.
    auto head = head_.load(std::memory_order_acquire);
    for (;;) {
      COMMY_POINT("queue.steal");
      // acquire, pairs with [queued]: the slots up to it are written.
      const auto tail = tail_.load(std::memory_order_acquire);
      const auto count = (tail - head + 1) / 2;
      if (count == 0) return nullptr;
      // `head` is old when others took since it was read: look again.
      if (count > capacity / 2) {
        head = head_.load(std::memory_order_acquire);
        continue;
      }
      COMMY_POINT("queue.steal.count");
      const auto base = mine.tail_.load(std::memory_order_relaxed);
      cell* last = nullptr;
      for (std::uint64_t i = 0; i < count; ++i) {
        // relaxed: if the owner overwrites it meanwhile, `head` has moved and
        // the exchange below fails.
        COMMY_POINT("queue.steal.slot");
        last = slot(head + i).load(std::memory_order_relaxed);
        mine.slot(base + i).store(last, std::memory_order_relaxed);
      }
      COMMY_POINT("queue.steal.copied");
      // [taken] release, as in try_pop(). acquire on failure: as above.
      if (head_.compare_exchange_weak(head, head + count,
                                      std::memory_order_release,
                                      std::memory_order_acquire)) {
        COMMY_POINT("queue.steal.taken");
        // [queued] release, for those who steal from the thief.
        mine.tail_.store(base + count - 1, std::memory_order_release);
        return last;
      }
    }
  }

  /// A snapshot.
  [[nodiscard]] std::size_t size() const noexcept {
    // relaxed: a hint; read in this order it is never negative for the owner.
    const auto head = head_.load(std::memory_order_relaxed);
    COMMY_POINT("queue.size");
    const auto tail = tail_.load(std::memory_order_relaxed);
    return tail > head ? tail - head : 0;
  }

private:
  std::atomic<cell*>& slot(std::uint64_t at) noexcept {
    return slots_[at % capacity];
  }

  alignas(64) std::atomic<std::uint64_t> head_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  std::array<std::atomic<cell*>, capacity> slots_{};
};

}  // namespace commy::actors
