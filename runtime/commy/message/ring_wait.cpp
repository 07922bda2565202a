// The part of a ring's reader that waits.
#include <commy/message/ring_consumer.hpp>
#include <commy/message/ring_wake.hpp>

namespace commy::message {

using memory::cell_state;
using memory::cell_word;

look ring_consumer::look_at_next() const noexcept {
  // seq_cst: after the store of `sleeper`, see [push].
  const cell_word now{ring_.cell(next_).word.load(std::memory_order_seq_cst)};
  if (now.lap() != ring_.lap(next_)) return look::something;
  if (now.state() == cell_state::free) return look::nothing;
  return now.state() == cell_state::claimed ? look::blocked : look::something;
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

void ring_consumer::check_all() noexcept {
  if (!is_sound()) rebuild();
}

void ring_consumer::announce(std::uint64_t lane_plus_one) noexcept {
  // seq_cst: before the looks that follow; partner: [push] and interrupt().
  ring_.header->sleeper.exchange(lane_plus_one, std::memory_order_seq_cst);
}

void ring_consumer::withdraw() noexcept {
  // relaxed: a wake that comes all the same is spurious.
  ring_.header->sleeper.store(0, std::memory_order_relaxed);
}

bool ring_consumer::take_interrupt() noexcept {
  return counts_->interrupted.exchange(false, std::memory_order_seq_cst);
}

bool ring_consumer::wait(clock::time_point deadline) {
  if (!owner_->usable()) return false;
  const auto is_there = [&] { return look_at_next() == look::something; };
  if (is_there() || spin_.run(deadline, is_there)) return true;
  return sleep_until_there(*owner_, *this, deadline, options_.longest_nap);
}

void ring_consumer::interrupt() noexcept {
  // seq_cst: before the look at `sleeper`, whose store precedes the look at
  // this in sleep_until_there(); one of the two sees the other.
  counts_->interrupted.store(true, std::memory_order_seq_cst);
  if (owner_->usable() &&
      ring_.header->sleeper.load(std::memory_order_seq_cst) != 0) {
    wake_reader(*owner_, ring_);
  }
}

}  // namespace commy::message
