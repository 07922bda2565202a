#include <commy/base/fence.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/loan_words.hpp>
#include <commy/memory/page_owners.hpp>
#include <commy/memory/topic_object.hpp>
#include <commy/memory/topic_repair.hpp>
#include <commy/message/topic_subscriber.hpp>
#include <commy/message/wake_watch.hpp>

#include <algorithm>

namespace commy::message {

using memory::cell_state;
using memory::cell_word;
using memory::entry_state;
using memory::entry_word;
using memory::topic_message;

namespace {

/// Who finds nothing so often checks once that it looks at the right place: a
/// check costs a look at each cell, so that is below a look each time.
constexpr std::uint32_t empty_looks_max = 1U << 16U;
/// A subscriber that is so many rounds behind checks that it is: a scribbled
/// cell might say so.
constexpr std::uint64_t rounds_believed = 4;

}  // namespace

result<std::shared_ptr<topic_subscriber>, subscribe_error>
topic_subscriber::join(topic_link link, const subscribe_options& options) {
  auto& owner = *link.owner();
  if (!owner.usable()) return unexpected{subscribe_error::detached};
  if (!link.is_alive()) return unexpected{subscribe_error::removed};
  const auto& topic = link.topic();
  // Twice: the dead make room between the two.
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t s = 0; s < memory::holders_max; ++s) {
      auto& word = topic.entries[s].word;
      entry_word now{word.load(std::memory_order_relaxed)};
      if (now.state() != entry_state::free) continue;
      const auto mine = entry_word::make(entry_state::joining, owner.slot() + 1,
                                         now.number());
      // acquire, pairs with free_entry(): its last owner holds nothing.
      if (!word.compare_exchange_strong(now.raw, mine.raw,
                                        std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
        continue;
      }
      std::shared_ptr<topic_subscriber> made{
          new topic_subscriber{std::move(link), options, s, mine}};
      made->begin();
      return made;
    }
    for (std::uint32_t s = 0; s < memory::holders_max; ++s) {
      const entry_word now{
          topic.entries[s].word.load(std::memory_order_acquire)};
      if (now.owner() == 0) continue;
      if (owner.is_dead(now.owner() - 1)) {
        owner.recover(now.owner() - 1);
      } else if (!is_slot_in_use(owner.img(), now.owner() - 1)) {
        // Its slot is free, so it has been swept: somebody has scribbled.
        memory::free_entry(topic, s, now);
      }
    }
  }
  failure_detail detail;
  detail.wanted = memory::holders_max + 1;
  detail.found = memory::holders_max;
  return unexpected{subscribe_error::too_many, detail};
}

topic_subscriber::topic_subscriber(topic_link link,
                                   const subscribe_options& options,
                                   std::uint32_t index,
                                   entry_word entry) noexcept
    : link_{std::move(link)}, options_{options}, index_{index}, entry_{entry} {}

void topic_subscriber::begin() noexcept {
  const auto& topic = link_.topic();
  auto& header = *topic.header;
  auto& mine = entry();
  const auto history =
      std::min({options_.history, link_.mode().history(), topic.depth});
  const auto back = [&](std::uint64_t tail) {
    const auto first = header.first.load(std::memory_order_relaxed);
    return tail -
           std::min<std::uint64_t>(history, tail > first ? tail - first : 0);
  };
  // relaxed, all: nobody looks at the entry before it is LIVE.
  mine.missed.store(0, std::memory_order_relaxed);
  mine.sleeper.store(0, std::memory_order_relaxed);
  mine.life.store(link_.life(), std::memory_order_relaxed);
  const auto from = back(memory::next_position(topic));
  next_.store(from, std::memory_order_relaxed);
  mine.cursor.store(from, std::memory_order_relaxed);
  const auto live = entry_.as(entry_state::live);
  // release, pairs with the acquire in lowest_cursor(): life and cursor.
  mine.word.store(live.raw, std::memory_order_release);
  entry_ = live;
  // seq_cst: before [join] below. Also a release, for lowest_cursor(), which
  // finds the entry whole.
  header.members.fetch_or(std::uint64_t{1} << index_,
                          std::memory_order_seq_cst);
  // [join] seq_cst: before the look at the cells below. A publisher loads the
  // cell that it is about to claim, and then `joins`. What it evicts was then
  // published. If that was after our look, its load of `joins` comes after our
  // addition, so it looks at our cursor. So all that is claimed from this look
  // on is ours to read, or, without hold_publisher, counted as missed. What
  // came before is history, as far as it is still there.
  header.joins.fetch_add(1, std::memory_order_seq_cst);
  counted_from_ = memory::next_position(topic);
}

topic_subscriber::~topic_subscriber() {
  watch_.reset();
  if (!link_.owner()->usable()) return;
  leave();
  memory::free_entry(link_.topic(), index_, entry_);
}

void topic_subscriber::leave() noexcept {
  if (entry_.state() != entry_state::live) return;
  watch_.reset();
  if (!link_.owner()->usable()) return;
  auto expected = entry_.raw;
  const auto leaving = entry_.as(entry_state::leaving);
  // release, pairs with the acquire in lowest_cursor(): we read no more. It
  // fails where the word was scribbled over; then there is nothing to leave.
  entry().word.compare_exchange_strong(expected, leaving.raw,
                                       std::memory_order_acq_rel,
                                       std::memory_order_relaxed);
  entry_ = leaving;
  // [room] A publisher that waited for us goes on.
  move_to(next_.load(std::memory_order_relaxed));
}

void topic_subscriber::move_to(std::uint64_t position) noexcept {
  next_.store(position, std::memory_order_relaxed);
  auto& cursor = entry().cursor;
  if (!link_.mode().holds_publisher()) {
    // relaxed: for people.
    cursor.store(position, std::memory_order_relaxed);
    return;
  }
  // [room] seq_cst, and the load that follows: a publisher says that it waits,
  // and then looks at the cursor. release with it: what lies below is held.
  cursor.exchange(position, std::memory_order_seq_cst);
  auto& held_up = link_.topic().header->held_up;
  if (held_up.load(std::memory_order_seq_cst) != 0 &&
      held_up.exchange(0, std::memory_order_acq_rel) != 0) {
    link_.owner()->wake_waiters(link_.place());
  }
}

void topic_subscriber::jump(std::uint64_t oldest) noexcept {
  const auto from =
      std::max(next_.load(std::memory_order_relaxed), counted_from_);
  if (oldest > from) {
    missed_before_ += oldest - from;
    bump(missed_, oldest - from);
    // relaxed: for people.
    entry().missed.store(missed_.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
  }
  move_to(oldest);
}

std::uint64_t topic_subscriber::oldest_behind(cell_word seen,
                                              std::uint64_t position) noexcept {
  const auto& topic = link_.topic();
  const auto last = topic.position(seen.lap(), position & (topic.depth - 1));
  auto tail = last + 1;
  // relaxed: a hint, believed as far as it agrees with the cell.
  const auto hint = topic.header->tail.load(std::memory_order_relaxed);
  if (hint - tail < topic.depth) tail = hint;
  if (tail - position > rounds_believed * topic.depth) {
    tail = mend();
  }
  return std::max(tail, position + 1 + topic.depth) - topic.depth;
}

std::optional<held_block> topic_subscriber::hold(const topic_message& m,
                                                 std::uint32_t type,
                                                 std::uint32_t bytes) {
  const auto& img = link_.img();
  held_block held;
  held.place = memory::find_published(img, m.handle);
  if (!held.place) return std::nullopt;
  // Before the bit: so the sweep of this participant finds the block.
  memory::note_owner(img, held.place.word >> img.page_shift(),
                     link_.owner()->slot());
  const auto generation = m.handle.generation();
  held.word = memory::in_topic_of(link_.number(), generation);
  if (!memory::hold(img, held.place, generation, index_)) return std::nullopt;
  // acquire, pairs with [publish]. The truth about the block: what the cell
  // says, and whose bits we have just changed, might be scribbled.
  const auto word = img.word(held.place.word).load(std::memory_order_acquire);
  const auto note =
      memory::loan_note(img, held.place).load(std::memory_order_relaxed);
  // As long as we hold the block, its run stays with it.
  const auto room = memory::room_of(img, held.place);
  held.content = room.at;
  held.bytes = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(note & 0xffff'ffffU, room.bytes));
  if (word != held.word.raw || note >> 32U != type || held.bytes < bytes) {
    let_go(held);
    return std::nullopt;
  }
  held.publisher = m.word.sender() - 1;
  return held;
}

std::optional<held_block> topic_subscriber::try_take(std::uint32_t type,
                                                     std::uint32_t bytes) {
  if (!is_open() || entry_.state() != entry_state::live) return std::nullopt;
  if (check_wanted_.load(std::memory_order_relaxed)) [[unlikely]] {
    check_wanted_.store(false, std::memory_order_relaxed);
    check_all();
  }
  const auto& topic = link_.topic();
  // Each step ends a position or goes over many; twice a round, all of them are
  // skipped, lost or damaged: enough for a call.
  for (std::uint32_t step = 0; step < 2 * topic.depth + 2; ++step) {
    const auto position = next_.load(std::memory_order_relaxed);
    auto& cell = topic.cell(position);
    // acquire, pairs with [publish].
    const cell_word now{cell.word.load(std::memory_order_acquire)};
    const auto lap = topic.lap(position);
    const auto ahead = (now.lap() - lap) & memory::offset_mask;
    if (ahead == 0 && now.state() == cell_state::full) {
      const auto message = memory::copy_message(cell, now);
      fence::acquire();  // The copy comes before the second look.
      if (cell.word.load(std::memory_order_relaxed) != now.raw) continue;
      auto held = message.is_named(lap) &&
                          message.info.life() ==
                              (link_.life() & memory::topic_info::life_mask)
                      ? hold(message, type, bytes)
                      : std::nullopt;
      // Overwritten while we looked?
      if (!held && cell.word.load(std::memory_order_acquire) != now.raw) {
        continue;
      }
      move_to(position + 1);
      if (!held) {
        damaged_.fetch_add(1, std::memory_order_relaxed);
        continue;
      }
      bump(taken_);
      held->missed = std::exchange(missed_before_, 0);
      return held;
    }
    if (ahead == 0 && now.state() == cell_state::free) {
      bump(skipped_);
      move_to(position + 1);
      continue;
    }
    // Half of all laps are ahead, the other half behind.
    if (ahead != 0 && ahead >> 47U == 0) {
      jump(oldest_behind(now, position));
      continue;
    }
    if (++empty_looks_ % empty_looks_max == 0) check_all();
    break;
  }
  if (watch_ != nullptr) watch_->found_nothing();
  return std::nullopt;
}

void topic_subscriber::let_go(const held_block& block) noexcept {
  const auto& owner = *link_.owner();
  // A forked child and a detached engine have no mapping that is theirs.
  if (!owner.usable()) return;
  if (memory::let_go(owner.img(), block.place, block.word,
                     std::uint64_t{1} << index_)) {
    memory::free_published(owner.img(), block.place, block.word);
  }
}

look topic_subscriber::look_at_next() const noexcept {
  const auto& topic = link_.topic();
  if (!link_.is_alive()) return look::something;
  const auto position = next_.load(std::memory_order_relaxed);
  // seq_cst: after the `sleeping` bit, see [publish].
  const cell_word now{
      topic.cell(position).word.load(std::memory_order_seq_cst)};
  const auto ahead = (now.lap() - topic.lap(position)) & memory::offset_mask;
  if (ahead >> 47U != 0) return look::nothing;
  if (ahead == 0 && now.state() == cell_state::claimed) return look::blocked;
  return look::something;
}

bool topic_subscriber::wait(clock::time_point deadline) {
  if (!is_open() || entry_.state() != entry_state::live) return false;
  const wait_mark::scope here{waiting_};
  const bool found =
      watch_ != nullptr
          ? look_at_next() == look::something || watch_->wait(deadline)
          : reader_wait::until_there(
                *link_.owner(), *this, budget_, options_.how, deadline,
                options_.longest_nap, &core_crowd::of_this_thread());
  return found && link_.is_alive();
}

void topic_subscriber::announce(std::uint64_t lane_plus_one) noexcept {
  const auto bit = std::uint64_t{1} << index_;
  // relaxed: the bit's release carries it along.
  entry().sleeper.store(lane_plus_one, std::memory_order_relaxed);
  // seq_cst: before the looks that follow; partner: [publish], interrupt().
  link_.topic().header->sleeping.fetch_or(bit, std::memory_order_seq_cst);
}

void topic_subscriber::withdraw() noexcept {
  const auto bit = std::uint64_t{1} << index_;
  auto& sleeping = link_.topic().header->sleeping;
  // relaxed: a wake that comes all the same is spurious. Most often who woke us
  // has cleared it.
  if ((sleeping.load(std::memory_order_relaxed) & bit) != 0) {
    sleeping.fetch_and(~bit, std::memory_order_relaxed);
  }
}

bool topic_subscriber::skip_dead_claim() noexcept {
  auto& owner = *link_.owner();
  const auto& topic = link_.topic();
  const auto position = next_.load(std::memory_order_relaxed);
  auto& cell = topic.cell(position);
  const cell_word now{cell.word.load(std::memory_order_acquire)};
  if (now.state() != cell_state::claimed || now.lap() != topic.lap(position)) {
    return false;
  }
  const auto who = now.sender() - 1;  // Of 0, "nobody": no slot has it.
  if (is_slot_in_use(owner.img(), who) && !owner.is_dead(who)) return false;
  memory::sweep_report found;
  memory::skip_topic_claim(owner.img(), topic, cell, now, found);
  owner.recover(who);
  return true;
}

std::uint64_t topic_subscriber::mend() noexcept try {
  std::uint64_t mended = 0;
  const auto tail = memory::mend_topic(link_.img(), link_.topic(), mended);
  // relaxed: a statistic; the watch counts as well.
  if (mended != 0) damaged_.fetch_add(mended, std::memory_order_relaxed);
  return tail;
} catch (const std::bad_alloc&) {
  return 0;  // Another time.
}

bool topic_subscriber::is_astray() noexcept {
  const auto tail = mend();
  const auto position = next_.load(std::memory_order_relaxed);
  const bool astray =
      tail != 0 && (position > tail || tail > position + link_.topic().depth);
  // relaxed: the flag that the watch sets carries it along.
  if (astray) check_wanted_.store(true, std::memory_order_relaxed);
  return astray;
}

void topic_subscriber::check_all() noexcept {
  const auto tail = mend();
  const auto position = next_.load(std::memory_order_relaxed);
  const auto depth = link_.topic().depth;
  if (tail != 0 && position > tail) {
    // Counted to where nobody has been, after a scribbled cell.
    move_to(tail);
  } else if (tail > position + depth) {
    // The cells went so far ahead that they look as if they were behind.
    jump(tail - depth);
  } else {
    // Stored once more: what others see of us may be scribbled as well.
    move_to(position);
    // relaxed: set already, unless somebody has cleared it.
    link_.topic().header->members.fetch_or(std::uint64_t{1} << index_,
                                           std::memory_order_relaxed);
  }
}

void topic_subscriber::wake_sleeper() noexcept {
  auto& owner = *link_.owner();
  const auto bit = std::uint64_t{1} << index_;
  // seq_cst: see interrupt().
  if (!owner.usable() ||
      (link_.topic().header->sleeping.load(std::memory_order_seq_cst) & bit) ==
          0) {
    return;
  }
  const auto lane = entry().sleeper.load(std::memory_order_relaxed);
  if (lane == 0 || lane > owner.img().sizes().lanes) return;
  const auto index = static_cast<memory::lane_index>(lane - 1);
  if (auto* const record = owner.img().lane(index)) {
    owner.system().unpark(index, record->park);
  }
}

void topic_subscriber::interrupt() noexcept {
  // seq_cst: before the look at `sleeping`, which is set before the look at
  // this in reader_wait::sleep(); one of the two sees the other.
  interrupted_.store(true, std::memory_order_seq_cst);
  // seq_cst: behind the store above; partner: wake_event(), whose caller looks
  // at that store behind its own.
  auto* const watch = watching_.load(std::memory_order_seq_cst);
  if (watch != nullptr) return watch->raise();
  wake_sleeper();
}

platform::native_event topic_subscriber::wake_event() {
  if (watch_ == nullptr) {
    Expects(!waiting_.is_set());
    watch_ = std::make_unique<wake_watch<topic_subscriber>>(*this);
    // seq_cst: see interrupt().
    watching_.store(watch_.get(), std::memory_order_seq_cst);
  }
  return watch_->native();
}

subscription_statistics topic_subscriber::statistics() const noexcept {
  const auto read = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  return {read(taken_), read(missed_), read(skipped_), read(damaged_)};
}

}  // namespace commy::message
