// The part of a ring's reader that waits.
#include <commy/message/ring_consumer.hpp>
#include <commy/message/ring_wake.hpp>
#include <commy/platform/thread_hint.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <thread>
#include <utility>

namespace commy::message {

using memory::cell_state;
using memory::cell_word;
using namespace std::chrono_literals;

namespace {

/// What a lane waits for that waits for messages: no root, since roots lie
/// behind a header. So a sweep wakes it, and no unlock does.
constexpr memory::offset waits_for_messages = 8;
/// Behind a claim the kernel is asked whether its sender lives, a system call
/// of 0.6 us: first after a quarter of a millisecond, then each time after an
/// eighth of how long it has lasted. So a death is noticed an eighth later than
/// it could be (a process with much memory takes milliseconds to die), and one
/// that is only slow costs ever fewer looks.
constexpr std::chrono::nanoseconds shortest_blocked_nap = 250us;
constexpr std::chrono::nanoseconds longest_blocked_nap = 16ms;

/// How long a claim has barred the way, as far as its reader has seen.
class blockage {
public:
  using clock = ring_consumer::clock;
  /// How long to wait until the next look at its sender.
  [[nodiscard]] std::chrono::nanoseconds nap(clock::time_point now) noexcept {
    if (!lasts_) since_ = now;
    lasts_ = true;
    return std::clamp<std::chrono::nanoseconds>(
        (now - since_) / 8, shortest_blocked_nap, longest_blocked_nap);
  }
  void end() noexcept { lasts_ = false; }
  [[nodiscard]] bool lasts() const noexcept { return lasts_; }

private:
  clock::time_point since_{};
  bool lasts_ = false;
};
/// So many messages between two waits are a burst, behind which the next look
/// is put off. As long as a cache line takes to come and go three times where
/// that is slow (270 ns one way): with a fifth of it a stream reached a quarter
/// of the rate there.
constexpr std::uint64_t burst = 8;
constexpr std::chrono::nanoseconds burst_pause = 1500ns;
/// Eight looks and a reading of the clock.
constexpr std::chrono::nanoseconds shortest_spin = 300ns;

/// A slot is free only after all its claims were skipped, so a claim of a free
/// one is no sender's but somebody's scribble.
bool is_slot_in_use(const memory::image& img,
                    memory::slot_index slot) noexcept {
  if (slot >= img.sizes().participants) return false;
  // acquire, pairs with the release that frees the slot: claims are skipped.
  const memory::slot_word word{
      img.slot(slot).word.load(std::memory_order_acquire)};
  return word.state() != memory::slot_state::free;
}

}  // namespace

ring_consumer::look ring_consumer::look_at_next() const noexcept {
  // seq_cst: after the store of `sleeper`, see [push].
  const cell_word now{ring_.cell(next_).word.load(std::memory_order_seq_cst)};
  if (now.lap() != ring_.lap(next_)) return look::something;
  if (now.state() == cell_state::free) return look::nothing;
  return now.state() == cell_state::claimed ? look::blocked : look::something;
}

bool ring_consumer::spin_a_little(clock::time_point deadline) noexcept {
  const auto begun = clock::now();
  const auto allowed = budget_.allowed(begun);
  // Less than some looks cost is nothing; it is saved up.
  if (allowed < shortest_spin) return false;
  const auto until = std::min(deadline, begun + allowed);
  auto now = begun;
  do {
    // As many looks as a clock reading costs.
    for (int i = 0; i < 8; ++i) {
      if (look_at_next() == look::something) return true;
      platform::cpu_relax();
    }
    // Left to sleep(), which ends the wait.
    if (counts_->interrupted.load(std::memory_order_relaxed)) return false;
    now = clock::now();
  } while (now < until);
  budget_.charge(now - begun);
  return false;
}

bool ring_consumer::spin(clock::time_point deadline) {
  auto now = clock::now();
  auto next_check = now + options_.longest_nap;
  blockage blocked;
  clock::time_point next_probe{};  // Of who blocks the way.
  for (;;) {
    auto found = look::nothing;
    for (int i = 0; i < 64; ++i) {
      found = look_at_next();
      if (found == look::something) return true;
      platform::cpu_relax();
    }
    // Looked at first: the line stays shared. seq_cst: as in sleep().
    if (counts_->interrupted.load(std::memory_order_relaxed) &&
        counts_->interrupted.exchange(false, std::memory_order_seq_cst)) {
      return false;
    }
    now = clock::now();
    if (now >= deadline) {
      return found == look::blocked && skip_dead_claim() &&
             look_at_next() == look::something;
    }
    if (found != look::blocked) {
      blocked.end();
    } else if (!blocked.lasts() || now >= next_probe) {
      if (blocked.lasts()) static_cast<void>(skip_dead_claim());
      next_probe = now + blocked.nap(now);
    }
    if (now >= next_check) {
      if (!is_sound()) rebuild();
      next_check = now + options_.longest_nap;
    }
  }
}

bool ring_consumer::skip_dead_claim() noexcept {
  auto& cell = ring_.cell(next_);
  const cell_word now{cell.word.load(std::memory_order_acquire)};
  if (now.state() != cell_state::claimed || now.lap() != ring_.lap(next_)) {
    return false;
  }
  const auto sender = now.sender() - 1;  // Of 0, "nobody": no slot has it.
  if (is_slot_in_use(owner_->img(), sender) && !owner_->is_dead(sender)) {
    return false;
  }
  // At once, whoever is sweeping the dead one: both find the same and each
  // block is freed once.
  memory::sweep_report found;
  if (memory::skip_claim(owner_->img(), owner_->slot(), cell, now, found)) {
    bump(counts_->skipped_claims);
  }
  owner_->recover(sender);
  return true;
}

bool ring_consumer::is_sound() const noexcept {
  // Scribbles elsewhere than in the next cell can keep senders out while the
  // reader sees nothing wrong; so an idle one looks at all cells.
  for (std::uint32_t i = 0; i < ring_.count; ++i) {
    const cell_word word{ring_.cells[i].word.load(std::memory_order_acquire)};
    const auto ahead = ring_.position(word.lap(), i) - next_;
    // Up to a lap ahead when free, up to two when its claim was skipped. While
    // the next position is free, no later one is claimed.
    if (ahead >= 2ULL * ring_.count ||
        (word.state() != cell_state::free && ahead != 0)) {
      // Unless the next one was claimed while we looked: asked last, because a
      // position that is free now was free all the time.
      return look_at_next() != look::nothing;
    }
  }
  return true;
}

bool ring_consumer::wait(clock::time_point deadline) {
  if (!owner_->usable()) return false;
  show_progress();
  // Behind a burst the sender is most likely at the very next cell. Looking now
  // would take its line from him for each message, and cost both sides twice of
  // what a message costs; so he gets a little ahead. Never after one message,
  // whose sender may be waiting for our answer.
  if (std::exchange(run_, 0) >= burst) {
    const auto until = std::min(deadline, clock::now() + burst_pause);
    while (clock::now() < until)
      platform::cpu_relax();
  }
  if (look_at_next() == look::something) return true;
  if (options_.how == waiting::spin) return spin(deadline);
  if (options_.how == waiting::adaptive && spin_a_little(deadline)) return true;
  return sleep(deadline);
}

bool ring_consumer::sleep(clock::time_point deadline) {
  memory::lane* mine = nullptr;
  try {
    mine = &owner_->my_lane();
    Expects(!mine->open);
  } catch (const memory::write_failed&) {
    mine = nullptr;  // None is left: looks every millisecond instead.
  }
  auto& sleeper = ring_.header->sleeper;
  const auto leave = [&](bool answer) {
    if (mine != nullptr) {
      // relaxed: a wake that comes all the same is spurious.
      sleeper.store(0, std::memory_order_relaxed);
      mine->record->waiting_for.store(0, std::memory_order_relaxed);
    }
    return answer;
  };
  blockage blocked;
  for (;;) {
    std::uint32_t seen = 0;
    if (mine != nullptr) {
      // acquire, pairs with the add in unpark: a wake after this look is seen.
      seen = mine->record->park.load(std::memory_order_acquire);
      mine->record->waiting_for.store(waits_for_messages,
                                      std::memory_order_relaxed);
      // seq_cst: before the looks below; partner: [push] and interrupt().
      sleeper.exchange(mine->index + 1, std::memory_order_seq_cst);
    }
    const auto found = look_at_next();
    if (found == look::something) return leave(true);
    if (counts_->interrupted.exchange(false, std::memory_order_seq_cst)) {
      return leave(false);
    }
    if (found == look::blocked && skip_dead_claim()) continue;
    const auto now = clock::now();
    if (now >= deadline) return leave(false);
    auto nap = std::min(options_.longest_nap,
                        std::chrono::nanoseconds{deadline - now});
    if (found == look::blocked) nap = std::min(nap, blocked.nap(now));
    if (mine == nullptr) {
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(nap, 1ms));
      continue;
    }
    owner_->system().park(mine->index, mine->record->park, seen, nap);
    if (clock::now() - now >= options_.longest_nap && !is_sound()) rebuild();
  }
}

void ring_consumer::interrupt() noexcept {
  // seq_cst: before the look at `sleeper`, whose store precedes the look at
  // this in sleep(); one of the two sees the other.
  counts_->interrupted.store(true, std::memory_order_seq_cst);
  if (owner_->usable() &&
      ring_.header->sleeper.load(std::memory_order_seq_cst) != 0) {
    wake_reader(*owner_, ring_);
  }
}

}  // namespace commy::message
