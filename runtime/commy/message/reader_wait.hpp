// commy/message/reader_wait.hpp: how a reader of shared cells waits for them.
#pragma once

#include <commy/memory/engine.hpp>
#include <commy/message/core_crowd.hpp>
#include <commy/message/spin_budget.hpp>
#include <commy/platform/thread_hint.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
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

/// How a reader without a message waits for the next one.
enum class waiting : std::uint8_t {
  /// Looks for up to 20 us, then sleeps. Looking in vain is bounded to 4 % of
  /// the time, see `spin_budget`: so an idle reader costs next to nothing, and
  /// one whose messages come close together is not woken for each.
  adaptive,
  /// Looks until the deadline. For a thread that has a core for itself, on
  /// which no sender runs: no message waits for a wake-up, and the core is
  /// never free.
  spin,
  /// Sleeps at once: each message to an idle reader costs a wake-up (20 to 30
  /// us to another core), and nothing is spent on looking.
  sleep,
};

/// How long a claim has barred the way, as far as its reader has seen. The
/// kernel is asked whether its sender lives, a system call of 0.6 us: first
/// after a quarter of a millisecond, then each time after an eighth of how long
/// it has lasted. So a death is noticed an eighth later than it could be (a
/// process with much memory takes milliseconds to die), and one that is only
/// slow costs ever fewer looks.
class blockage {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::nanoseconds shortest_nap{250'000};
  static constexpr std::chrono::nanoseconds longest_nap{16'000'000};

  /// How long to wait until the next look at its sender.
  [[nodiscard]] std::chrono::nanoseconds nap(clock::time_point now) noexcept {
    if (!lasts_) since_ = now;
    lasts_ = true;
    return std::clamp<std::chrono::nanoseconds>((now - since_) / 8,
                                                shortest_nap, longest_nap);
  }
  void end() noexcept { lasts_ = false; }
  [[nodiscard]] bool lasts() const noexcept { return lasts_; }

private:
  clock::time_point since_{};
  bool lasts_ = false;
};

/// Says that a thread waits in a reader. One at a time may, and who asks for an
/// event meanwhile would have two sleep where there is room for one name.
class wait_mark {
public:
  /// Requires: no other thread waits.
  class scope {
  public:
    explicit scope(wait_mark& of) noexcept : of_{of} {
      Expects(!of_.is_set());
      of_.set_.store(true, std::memory_order_relaxed);
    }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope() { of_.set_.store(false, std::memory_order_relaxed); }

  private:
    wait_mark& of_;
  };
  /// relaxed, all: it finds mistakes and orders nothing.
  [[nodiscard]] bool is_set() const noexcept {
    return set_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<bool> set_{false};
};

/// Waits until there is something to see for a reader, which has
///
///     look look_at_next()           after `announce`, seq_cst
///     void announce(lane + 1)       whom to wake; seq_cst, before the look
///     void withdraw()
///     bool is_interrupted()         a hint, relaxed
///     bool take_interrupt()         seq_cst
///     bool skip_dead_claim()        of a sender that has died meanwhile
///     void check_all()              after a whole nap without a wake
///
/// All answers: true when there is something; false at the deadline, or when
/// interrupted. Must not be called inside a transaction. With a `crowd`, of the
/// calling thread, adaptive readers look for less long where others want the
/// core.
class reader_wait {
public:
  using clock = std::chrono::steady_clock;

  template <class Reader>
  [[nodiscard]] static bool until_there(memory::engine& owner, Reader& reader,
                                        spin_budget& budget, waiting how,
                                        clock::time_point deadline,
                                        std::chrono::nanoseconds longest_nap,
                                        core_crowd* crowd = nullptr) {
    if (reader.look_at_next() == look::something) return true;
    if (how == waiting::spin) return spin(reader, deadline, longest_nap);
    if (how == waiting::adaptive &&
        spin_a_little(reader, budget, deadline, crowd)) {
      return true;
    }
    return sleep(owner, reader, deadline, longest_nap);
  }

  /// Within its budget.
  template <class Reader>
  [[nodiscard]] static bool spin_a_little(Reader& reader, spin_budget& budget,
                                          clock::time_point deadline,
                                          core_crowd* crowd = nullptr) {
    // Eight looks and a reading of the clock.
    constexpr std::chrono::nanoseconds shortest{300};
    // Also on a single core, where it only keeps the sender from running: the
    // budget bounds that, and a thread that is pinned to one core of several
    // cannot be told from one that has no other.
    const auto begun = clock::now();
    auto allowed = budget.allowed(begun);
    // Less than some looks cost is nothing; it is saved up.
    if (allowed < shortest) return false;
    if (crowd != nullptr && crowd->is_crowded()) {
      allowed = std::min(allowed, core_crowd::longest_look);
    }
    const auto until = std::min(deadline, begun + allowed);
    auto now = begun;
    do {
      // As many looks as a clock reading costs.
      for (int i = 0; i < 8; ++i) {
        if (reader.look_at_next() == look::something) return true;
        platform::cpu_relax();
      }
      // Left to sleep(), which ends the wait.
      if (reader.is_interrupted()) return false;
      now = clock::now();
    } while (now < until);
    budget.charge(now - begun);
    if (crowd != nullptr) crowd->look(now);
    return false;
  }

  /// Looks until the deadline.
  template <class Reader>
  [[nodiscard]] static bool spin(Reader& reader, clock::time_point deadline,
                                 std::chrono::nanoseconds longest_nap) {
    // Unknown until it has looked a few times: most often that is enough, and
    // the clock costs as much as all of them.
    clock::time_point next_check{};
    blockage blocked;
    clock::time_point next_probe{};  // Of who blocks the way.
    for (;;) {
      auto found = look::nothing;
      for (int i = 0; i < 64; ++i) {
        found = reader.look_at_next();
        if (found == look::something) return true;
        platform::cpu_relax();
      }
      // Looked at first: the line stays shared.
      if (reader.is_interrupted() && reader.take_interrupt()) return false;
      const auto now = clock::now();
      if (now >= deadline) {
        return found == look::blocked && reader.skip_dead_claim() &&
               reader.look_at_next() == look::something;
      }
      if (found != look::blocked) {
        blocked.end();
      } else if (!blocked.lasts() || now >= next_probe) {
        if (blocked.lasts()) static_cast<void>(reader.skip_dead_claim());
        next_probe = now + blocked.nap(now);
      }
      if (now >= next_check) {
        if (next_check != clock::time_point{}) reader.check_all();
        next_check = now + longest_nap;
      }
    }
  }

  /// Sleeps in the thread's lane. A thread that finds no lane looks every
  /// millisecond instead.
  template <class Reader>
  [[nodiscard]] static bool sleep(memory::engine& owner, Reader& reader,
                                  clock::time_point deadline,
                                  std::chrono::nanoseconds longest_nap) {
    // What a lane waits for that waits for messages: no root, since roots lie
    // behind a header. So a sweep wakes it, and no unlock does.
    constexpr memory::offset waits_for_messages = 8;
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
    blockage blocked;
    for (;;) {
      std::uint32_t seen = 0;
      if (mine != nullptr) {
        // acquire, pairs with the add in unpark: a wake after this look is
        // seen.
        seen = mine->record->park.load(std::memory_order_acquire);
        mine->record->waiting_for.store(waits_for_messages,
                                        std::memory_order_relaxed);
        reader.announce(mine->index + 1);
      }
      const auto found = reader.look_at_next();
      if (found == look::something) return leave(true);
      if (reader.take_interrupt()) return leave(false);
      if (found == look::blocked && reader.skip_dead_claim()) continue;
      const auto now = clock::now();
      if (now >= deadline) return leave(false);
      auto nap =
          std::min(longest_nap, std::chrono::nanoseconds{deadline - now});
      if (found == look::blocked) {
        nap = std::min(nap, blocked.nap(now));
      } else {
        blocked.end();
      }
      if (mine == nullptr) {
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(
            nap, std::chrono::milliseconds{1}));
        continue;
      }
      owner.system().park(mine->index, mine->record->park, seen, nap);
      if (clock::now() - now >= longest_nap) reader.check_all();
    }
  }
};

}  // namespace commy::message
