#include <commy/base/fence.hpp>
#include <commy/memory/journal.hpp>
#include <commy/memory/topic_repair.hpp>
#include <commy/message/reader_wait.hpp>
#include <commy/message/topic_publisher.hpp>

#include <algorithm>
#include <bit>
#include <thread>

namespace commy::message {

using memory::cell_state;
using memory::cell_word;
using memory::entry_state;
using memory::entry_word;
using memory::loan_block;
using memory::topic_info;
using namespace std::chrono_literals;

result<void, publish_error> topic_publisher::check(
    const loan_block& block) const {
  if (!link_.owner()->usable()) return unexpected{publish_error::detached};
  if (!link_.is_alive()) return unexpected{publish_error::removed};
  if (!block || block.owner() != link_.owner() || !block.is_sound()) {
    return unexpected{publish_error::foreign_loan};
  }
  return {};
}

result<void, publish_error> topic_publisher::publish(loan_block& block) {
  if (auto sound = check(block); !sound) return sound;
  auto done = try_publish(block);
  if (!done && is_transient(done.error().code())) {
    // relaxed: a statistic.
    link_.topic().header->refused.fetch_add(1, std::memory_order_relaxed);
  }
  return done;
}

result<void, publish_error> topic_publisher::publish(
    loan_block& block, clock::time_point deadline) {
  if (auto sound = check(block); !sound) return sound;
  auto done = try_publish(block);
  if (done || !is_transient(done.error().code())) return done;
  auto& owner = *link_.owner();
  auto& header = *link_.topic().header;
  memory::lane* mine = nullptr;
  try {
    mine = &owner.my_lane();
    Expects(!mine->open);
  } catch (const memory::write_failed&) {
    mine = nullptr;  // None is left: looks every millisecond instead.
  }
  // A subscriber that reads on wakes us; one that dies, or a publisher that
  // does, is noticed so soon. Doubled up to 16 ms, since it costs system calls.
  std::chrono::nanoseconds nap = 1ms;
  while (!done && is_transient(done.error().code())) {
    std::uint32_t seen = 0;
    if (mine != nullptr) {
      // acquire, pairs with the add in unpark.
      seen = mine->record->park.load(std::memory_order_acquire);
      mine->record->waiting_for.store(link_.place(), std::memory_order_relaxed);
      // [room] seq_cst: before the next look at the cursors; a subscriber moves
      // its cursor and then looks at this.
      header.held_up.exchange(1, std::memory_order_seq_cst);
      done = try_publish(block);
      if (done || !is_transient(done.error().code())) break;
    }
    const auto now = clock::now();
    if (now >= deadline) {
      header.refused.fetch_add(1, std::memory_order_relaxed);
      done =
          unexpected{done.error().code(), owner.participant_text(in_the_way_)};
      break;
    }
    const auto pause = std::min(nap, std::chrono::nanoseconds{deadline - now});
    nap = std::min<std::chrono::nanoseconds>(2 * nap, 16ms);
    if (mine != nullptr) {
      owner.system().park(mine->index, mine->record->park, seen, pause);
    } else {
      std::this_thread::sleep_for(
          std::min<std::chrono::nanoseconds>(pause, 1ms));
      done = try_publish(block);
    }
    if (!link_.is_alive()) done = unexpected{publish_error::removed};
  }
  if (mine != nullptr) {
    mine->record->waiting_for.store(0, std::memory_order_relaxed);
  }
  return done;
}

result<void, publish_error> topic_publisher::try_publish(loan_block& block) {
  const auto mine = claim_cell();
  if (!mine) return unexpected{mine.error()};
  return fill(*mine, block);
}

bool topic_publisher::skip_dead(memory::topic_cell& cell, cell_word seen) {
  auto& owner = *link_.owner();
  const auto who = seen.sender() - 1;  // Of 0, "nobody": no slot has it.
  if (is_slot_in_use(owner.img(), who) && !owner.is_dead(who)) return false;
  // At once, whoever is sweeping the dead one.
  memory::sweep_report found;
  memory::skip_topic_claim(owner.img(), link_.topic(), cell, seen, found);
  owner.recover(who);
  return true;
}

std::uint64_t topic_publisher::lowest_cursor(std::uint64_t needed) {
  auto& owner = *link_.owner();
  const auto& topic = link_.topic();
  auto lowest = ~std::uint64_t{0};
  // acquire, pairs with the joiner's: its entry is whole.
  for (auto left = topic.header->members.load(std::memory_order_acquire);
       left != 0; left &= left - 1) {
    const auto& entry = topic.entries[std::countr_zero(left)];
    const entry_word word{entry.word.load(std::memory_order_acquire)};
    if (word.state() != entry_state::live ||
        entry.life.load(std::memory_order_relaxed) != link_.life()) {
      continue;
    }
    // seq_cst: [room]; acquire with it: it has read, or holds, what is below.
    const auto cursor = entry.cursor.load(std::memory_order_seq_cst);
    if (cursor < needed) {
      // In the way; the kernel says whether it ever moves on.
      const auto who = word.owner() - 1;
      if (!is_slot_in_use(owner.img(), who)) continue;
      if (owner.is_dead(who)) {
        owner.recover(who);
        continue;
      }
    }
    if (cursor >= lowest) continue;
    lowest = cursor;
    in_the_way_ = word.owner() - 1;
  }
  return lowest;
}

bool topic_publisher::has_room(std::uint64_t position) {
  const auto evicted = position - link_.topic().depth;
  // [join] seq_cst, and after the cell's word was loaded: see
  // topic_subscriber::join().
  const auto joins =
      link_.topic().header->joins.load(std::memory_order_seq_cst);
  if (joins == joins_seen_ && evicted < safe_below_) return true;
  safe_below_ = lowest_cursor(evicted + 1);
  joins_seen_ = joins;
  return evicted < safe_below_;
}

result<topic_publisher::claim, publish_error> topic_publisher::claim_cell() {
  auto& owner = *link_.owner();
  const auto& topic = link_.topic();
  // relaxed: a hint. It may lag behind, then the walk below goes forward.
  auto position = topic.header->tail.load(std::memory_order_relaxed);
  int beginnings = 0;
  // A step is a claim by somebody else, or a new beginning: after four rounds
  // of others' claims they are served, not we.
  for (std::uint32_t step = 0; step < 4 * topic.depth + 4; ++step) {
    auto& cell = topic.cell(position);
    // acquire, pairs with [publish]: what the cell names.
    cell_word word{cell.word.load(std::memory_order_acquire)};
    const auto lap = topic.lap(position);
    if (word.lap() == lap && word.state() <= cell_state::full) {
      ++position;
      continue;
    }
    if (word.lap() == ((lap - 1) & memory::offset_mask) &&
        word.state() <= cell_state::full) {
      if (word.state() == cell_state::claimed) {
        if (skip_dead(cell, word)) continue;
        in_the_way_ = word.sender() - 1;
        return unexpected{publish_error::held_up};
      }
      if (link_.mode().holds_publisher() && !has_room(position)) {
        return unexpected{publish_error::topic_full};
      }
      const auto mine =
          cell_word::make(cell_state::claimed, owner.slot() + 1, lap);
      const auto before = word;
      // seq_cst: [join]; acq_rel with it.
      if (cell.word.compare_exchange_strong(word.raw, mine.raw,
                                            std::memory_order_seq_cst,
                                            std::memory_order_relaxed)) {
        // relaxed: a hint. Another's later store may set it back, which costs a
        // walk; all positions below it are claimed in any case.
        topic.header->tail.store(position + 1, std::memory_order_relaxed);
        return claim{&cell, before, mine};
      }
      continue;
    }
    // Either the hint lies, or the cell: the others decide.
    if (++beginnings > 2) return unexpected{publish_error::damaged};
    std::uint64_t mended = 0;
    position = memory::mend_topic(owner.img(), topic, mended);
  }
  in_the_way_ = nobody;
  return unexpected{publish_error::held_up};
}

result<void, publish_error> topic_publisher::fill(const claim& mine,
                                                  loan_block& block) {
  auto& owner = *link_.owner();
  const auto& img = owner.img();
  auto& cell = *mine.cell;
  const auto lap = mine.mine.lap();
  const auto old = memory::copy_message(cell, mine.before);
  const bool planted =
      memory::planted == memory::planted_bug::named_before_evicted;
  const auto evict_old = [&] {
    // While the cell names it, so that a sweep finds it as well.
    if (mine.before.state() == cell_state::full &&
        old.is_named(mine.before.lap())) {
      memory::evict(img, link_.number(), old.handle, owner.lane_at_hand());
    }
  };
  if (!planted) evict_old();
  const auto handle = block.next_handle();
  // relaxed: a subscriber looks at them after an acquire of the cell's word.
  // Compiler order is enough against our death; see the class.
  fence::compiler();
  cell.info.store(0, std::memory_order_relaxed);
  fence::compiler();
  cell.low.store(handle.low, std::memory_order_relaxed);
  cell.high.store(handle.high, std::memory_order_relaxed);
  fence::compiler();
  cell.info.store(topic_info::make(lap, link_.life()).raw,
                  std::memory_order_relaxed);
  fence::compiler();
  if (planted) evict_old();
  if (!block.publish(link_.number())) {
    // Somebody has scribbled over its word since `check`.
    cell.info.store(0, std::memory_order_relaxed);
    fence::compiler();
    cell.word.store(cell_word::make(cell_state::free, 0, lap).raw,
                    std::memory_order_release);
    return unexpected{publish_error::foreign_loan};
  }
  block.forget();
  auto full = mine.mine;
  // [publish] release, pairs with the subscribers' acquire: they see the name,
  // the holder words and the block's bytes. seq_cst, and so are the two loads
  // that follow: against a subscriber's `sleeping` bit and its look at this
  // word, and against a removal's new life and its look at this word.
  if (!cell.word.compare_exchange_strong(full.raw, mine.mine.filled().raw,
                                         std::memory_order_seq_cst,
                                         std::memory_order_relaxed)) {
    // Mended away by somebody who found it scribbled.
    memory::evict(img, link_.number(), handle);
    return unexpected{publish_error::damaged};
  }
  if (!link_.is_alive()) [[unlikely]] {
    // [withdraw] The removal may have looked at this cell before it was FULL.
    // It went the way of all that was published before the removal.
    memory::evict(img, link_.number(), handle);
    auto filled = mine.mine.filled().raw;
    cell.word.compare_exchange_strong(
        filled, cell_word::make(cell_state::free, 0, lap).raw,
        std::memory_order_acq_rel, std::memory_order_relaxed);
    return {};
  }
  const auto sleeping =
      link_.topic().header->sleeping.load(std::memory_order_seq_cst);
  if (sleeping != 0) wake_sleepers(sleeping);
  return {};
}

void topic_publisher::wake_sleepers(std::uint64_t sleeping) noexcept {
  auto& owner = *link_.owner();
  const auto& topic = link_.topic();
  // Of several publishers one wakes each. Should the one who takes a bit die
  // before it wakes, the sweep wakes that subscriber, or its own bounded nap
  // ends. acq_rel: its lane was stored before the bit.
  sleeping &=
      topic.header->sleeping.fetch_and(~sleeping, std::memory_order_acq_rel);
  for (; sleeping != 0; sleeping &= sleeping - 1) {
    const auto lane = topic.entries[std::countr_zero(sleeping)].sleeper.load(
        std::memory_order_relaxed);
    if (lane == 0 || lane > owner.img().sizes().lanes) continue;
    const auto index = static_cast<memory::lane_index>(lane - 1);
    if (auto* const record = owner.img().lane(index)) {
      owner.system().unpark(index, record->park);
    }
  }
}

}  // namespace commy::message
