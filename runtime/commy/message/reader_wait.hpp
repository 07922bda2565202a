// commy/message/reader_wait.hpp: how a reader of shared cells waits for them.
#pragma once

#include <commy/memory/engine.hpp>
#include <commy/platform/thread_hint.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <chrono>
#include <thread>

namespace commy::message {

/// What a reader sees at its next position.
enum class look : std::uint8_t {
  nothing,
  blocked,    // Somebody is in the middle of it.
  something,  // Worth a call of `try_take`.
};

/// A slot is free only after all its claims were skipped, so a claim of a free
/// one is no sender's but somebody's scribble.
[[nodiscard]] inline bool is_slot_in_use(const memory::image& img,
                                         memory::slot_index slot) noexcept {
  if (slot >= img.sizes().participants) return false;
  // acquire, pairs with the release that frees the slot: claims are skipped.
  const memory::slot_word word{
      img.slot(slot).word.load(std::memory_order_acquire)};
  return word.state() != memory::slot_state::free;
}

/// Looks for a while before a sleep, for as long as that has helped lately.
/// Threads: one at a time.
class adaptive_spin {
public:
  using clock = std::chrono::steady_clock;

  /// Looks for `longest` at most; never when that is not positive.
  explicit adaptive_spin(std::chrono::nanoseconds longest) noexcept
      : longest_{longest}, next_{longest} {}

  /// Calls `is_there()` until it is true, or for a while.
  template <class Look>
  [[nodiscard]] bool run(clock::time_point deadline, Look&& is_there) noexcept {
    using namespace std::chrono_literals;
    // Alone on one core, spinning only keeps the sender from running.
    static const bool alone = platform::usable_cores() < 2;
    if (alone || longest_ <= 0ns) return false;
    const auto begun = clock::now();
    const auto until = std::min(deadline, begun + next_);
    do {
      // As many looks as a clock reading costs.
      for (int i = 0; i < 8; ++i) {
        if (is_there()) {
          next_ = std::min(2 * next_, longest_);
          return true;
        }
        platform::cpu_relax();
      }
    } while (clock::now() < until);
    // Not below half a microsecond: a reader that stopped trying would never
    // find out that trying helps again.
    next_ = std::max<std::chrono::nanoseconds>(
        next_ / 2, std::min<std::chrono::nanoseconds>(500ns, longest_));
    return false;
  }

private:
  std::chrono::nanoseconds longest_;
  std::chrono::nanoseconds next_;
};

/// Sleeps in the thread's lane until there is something to see for `reader`;
/// false at the deadline, or when interrupted. `reader` has
///
///     look look_at_next()           after `announce`, seq_cst
///     void announce(lane + 1)       whom to wake; seq_cst, before the look
///     void withdraw()
///     bool take_interrupt()
///     bool skip_dead_claim()        of a sender that has died meanwhile
///     void check_all()              after a whole nap without a wake
///
/// Must not be called inside a transaction. A thread that finds no lane looks
/// every millisecond instead.
template <class Reader>
[[nodiscard]] bool sleep_until_there(memory::engine& owner, Reader& reader,
                                     adaptive_spin::clock::time_point deadline,
                                     std::chrono::nanoseconds longest_nap) {
  using namespace std::chrono_literals;
  // What a lane waits for that waits for messages: no root, since roots lie
  // behind a header. So a sweep wakes it, and no unlock does.
  constexpr memory::offset waits_for_messages = 8;
  // Behind a claim: a sender that dies now is noticed so soon. Doubled while it
  // stays, up to 16 ms, since each look is a system call.
  constexpr auto first_blocked_nap = 1ms;
  constexpr auto longest_blocked_nap = 16ms;
  memory::lane* mine = nullptr;
  try {
    mine = &owner.my_lane();
    Expects(!mine->open);
  } catch (const memory::write_failed&) {
    mine = nullptr;  // None is left.
  }
  const auto leave = [&](bool answer) {
    if (mine != nullptr) {
      reader.withdraw();
      // relaxed: a wake that comes all the same is spurious.
      mine->record->waiting_for.store(0, std::memory_order_relaxed);
    }
    return answer;
  };
  std::chrono::nanoseconds blocked_nap = first_blocked_nap;
  for (;;) {
    std::uint32_t seen = 0;
    if (mine != nullptr) {
      // acquire, pairs with the add in unpark: a wake after this look is seen.
      seen = mine->record->park.load(std::memory_order_acquire);
      mine->record->waiting_for.store(waits_for_messages,
                                      std::memory_order_relaxed);
      reader.announce(mine->index + 1);
    }
    const auto found = reader.look_at_next();
    if (found == look::something) return leave(true);
    if (reader.take_interrupt()) return leave(false);
    if (found == look::blocked && reader.skip_dead_claim()) continue;
    const auto now = adaptive_spin::clock::now();
    if (now >= deadline) return leave(false);
    auto nap = std::min(longest_nap, std::chrono::nanoseconds{deadline - now});
    if (found == look::blocked) {
      nap = std::min(nap, blocked_nap);
      blocked_nap = std::min<std::chrono::nanoseconds>(2 * blocked_nap,
                                                       longest_blocked_nap);
    }
    if (mine == nullptr) {
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(nap, 1ms));
      continue;
    }
    owner.system().park(mine->index, mine->record->park, seen, nap);
    if (adaptive_spin::clock::now() - now >= longest_nap) reader.check_all();
  }
}

}  // namespace commy::message
