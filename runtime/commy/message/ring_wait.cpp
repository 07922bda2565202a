// The part of a ring's reader that waits.
#include <commy/message/ring_consumer.hpp>
#include <commy/message/ring_wake.hpp>
#include <commy/message/wake_watch.hpp>
#include <commy/platform/thread_hint.hpp>

#include <algorithm>
#include <utility>

namespace commy::message {

using memory::cell_state;
using memory::cell_word;

namespace {

/// So many messages between two waits are a burst, behind which the next look
/// is put off. As long as a cache line takes to come and go three times where
/// that is slow (270 ns one way): with a fifth of it a stream reached a quarter
/// of the rate there.
constexpr std::uint64_t burst = 8;
constexpr std::chrono::nanoseconds burst_pause{1500};

}  // namespace

look ring_consumer::look_at_next() const noexcept {
  const auto next = next_.load(std::memory_order_relaxed);
  // seq_cst: after the store of `sleeper`, see [push].
  const cell_word now{ring_.cell(next).word.load(std::memory_order_seq_cst)};
  if (now.lap() != ring_.lap(next)) return look::something;
  if (now.state() == cell_state::free) return look::nothing;
  return now.state() == cell_state::claimed ? look::blocked : look::something;
}

bool ring_consumer::skip_dead_claim() noexcept {
  const auto next = next_.load(std::memory_order_relaxed);
  auto& cell = ring_.cell(next);
  const cell_word now{cell.word.load(std::memory_order_acquire)};
  if (now.state() != cell_state::claimed || now.lap() != ring_.lap(next)) {
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
    // relaxed: a statistic, of which a watch is a second writer.
    counts_->skipped_claims.fetch_add(1, std::memory_order_relaxed);
  }
  owner_->recover(sender);
  return true;
}

bool ring_consumer::is_sound() const noexcept {
  // Scribbles elsewhere than in the next cell can keep senders out while the
  // reader sees nothing wrong; so an idle one looks at all cells.
  const auto next = next_.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < ring_.count; ++i) {
    const cell_word word{ring_.cells[i].word.load(std::memory_order_acquire)};
    const auto ahead = ring_.position(word.lap(), i) - next;
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

void ring_consumer::check_all() noexcept {
  if (!is_sound()) rebuild();
}

bool ring_consumer::is_astray() noexcept {
  // The reading thread may go on meanwhile, so it looks for itself again.
  if (is_sound()) return false;
  // relaxed: the flag that the watch sets carries it along.
  counts_->check_wanted.store(true, std::memory_order_relaxed);
  return true;
}

void ring_consumer::announce(std::uint64_t lane_plus_one) noexcept {
  // seq_cst: before the looks that follow; partner: [push] and interrupt().
  ring_.header->sleeper.exchange(lane_plus_one, std::memory_order_seq_cst);
}

void ring_consumer::withdraw() noexcept {
  // relaxed: a wake that comes all the same is spurious.
  ring_.header->sleeper.store(0, std::memory_order_relaxed);
}

bool ring_consumer::is_interrupted() const noexcept {
  // relaxed: a hint; take_interrupt() decides.
  return counts_->interrupted.load(std::memory_order_relaxed);
}

bool ring_consumer::take_interrupt() noexcept {
  return counts_->interrupted.exchange(false, std::memory_order_seq_cst);
}

bool ring_consumer::wait(clock::time_point deadline) {
  if (!owner_->usable()) return false;
  const wait_mark::scope here{counts_->waiting};
  show_progress();
  if (watch_ != nullptr) return watch_->wait(deadline);
  // Behind a burst the sender is most likely at the very next cell. Looking now
  // would take its line from him for each message, and cost both sides twice of
  // what a message costs; so he gets a little ahead. Never after one message,
  // whose sender may be waiting for our answer.
  if (std::exchange(run_, 0) >= burst) {
    const auto until = std::min(deadline, clock::now() + burst_pause);
    while (clock::now() < until)
      platform::cpu_relax();
  }
  return reader_wait::until_there(*owner_, *this, budget_, options_.how,
                                  deadline, options_.longest_nap);
}

void ring_consumer::interrupt() noexcept {
  // seq_cst: before the look at `sleeper`, whose store precedes the look at
  // this in reader_wait::sleep(); one of the two sees the other.
  counts_->interrupted.store(true, std::memory_order_seq_cst);
  // seq_cst: behind the store above; partner: wake_event(), whose caller looks
  // at that store behind its own.
  auto* const watch = counts_->watching.load(std::memory_order_seq_cst);
  if (watch != nullptr) return watch->raise();
  wake_sleeper();
}

platform::native_event ring_consumer::wake_event() {
  Expects(!counts_->kept_from_loops.load(std::memory_order_relaxed));
  if (watch_ == nullptr) {
    Expects(!counts_->waiting.is_set());
    watch_ = std::make_unique<wake_watch<ring_consumer>>(*this);
    // seq_cst: see interrupt().
    counts_->watching.store(watch_.get(), std::memory_order_seq_cst);
  }
  return watch_->native();
}

void ring_consumer::wake_sleeper() noexcept {
  // seq_cst: see interrupt().
  if (owner_->usable() &&
      ring_.header->sleeper.load(std::memory_order_seq_cst) != 0) {
    wake_reader(*owner_, ring_);
  }
}

}  // namespace commy::message
